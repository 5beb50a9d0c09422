#include "kiln/executor/routines/differential.h"

namespace kiln {

namespace {

using differential::Scene;

}  // namespace

TEST_CASE("nc_n_gather routines agree with the reference") {
  differential::run<NcNGather>(
      [](Scene& scene) {
        const int64_t partitions = scene.size(128), elements = scene.size(1500);
        const int64_t count = scene.size(700);
        const auto dtype = static_cast<DType>(scene.number(0, 18));
        NcNGather t{
            .data = scene.tile({.dtype = dtype, .partitions = partitions, .elements = elements}),
            .indices =
                scene.tile({.dtype = DType::uint32, .partitions = partitions, .elements = count})};
        t.dst = scene.tile_near(scene.chance(0.5) ? t.data.view : t.indices.view,
                                {.dtype = dtype, .partitions = partitions, .elements = count});
        scene.fill(false);
        // Out of bounds is a fault, which is left to the reference.
        const int64_t end = elements + (scene.chance(0.1) ? 1 : 0);
        scene.set_bits(t.indices.view, [&](int64_t, int64_t) {
          return static_cast<Bits>(scene.number(0, end - 1));
        });
        return t;
      },
      {.covered_min = 0.8});
}

TEST_CASE("local_gather routines agree with the reference") {
  differential::run<LocalGather>(
      [](Scene& scene) {
        const int64_t partitions = 16 * scene.number(1, 8), columns = scene.size(40);
        const int64_t elements = 32 + scene.size(1500);
        const auto dtype = static_cast<DType>(scene.number(0, 18));
        LocalGather t{
            .src_buffer =
                scene.tile({.dtype = dtype, .partitions = partitions, .elements = elements}),
            .index =
                scene.tile({.dtype = DType::uint16, .partitions = partitions, .elements = columns}),
            .num_elem_per_idx = scene.chance(0.6) ? 1 : 1 << scene.number(0, 5)};
        if (scene.chance(0.5)) {
          t.num_valid_indices = static_cast<int32_t>(scene.number(1, 16 * columns));
        }
        t.dst = scene.tile_near(t.src_buffer.view,
                                {.dtype = dtype,
                                 .partitions = partitions,
                                 .elements = t.index_count(columns) * t.num_elem_per_idx});
        scene.fill(false);
        scene.set_bits(t.index.view, [&](int64_t, int64_t) {
          return static_cast<Bits>(scene.number(0, elements - t.num_elem_per_idx));
        });
        return t;
      },
      {.covered_min = 0.8});
}

}  // namespace kiln
