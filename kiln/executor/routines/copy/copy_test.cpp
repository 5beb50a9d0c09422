#include "kiln/executor/routines/differential.h"

namespace kiln {

namespace {

using differential::Scene;

DType any_dtype(Scene& scene) {
  return static_cast<DType>(scene.number(0, static_cast<int64_t>(DType::float4_e2m1fn_x4)));
}

Memory any_memory(Scene& scene) {
  return scene.one_of({Memory::sbuf, Memory::shared_hbm, Memory::private_hbm});
}

}  // namespace

TEST_CASE("tensor_copy routines agree with the reference") {
  differential::run<TensorCopy>(
      [](Scene& scene) {
        const int64_t partitions = scene.size(128), elements = scene.size(3000);
        const DType from = any_dtype(scene), to = scene.chance(0.5) ? from : any_dtype(scene);
        const auto memory = [&] { return scene.chance(0.2) ? Memory::psum : Memory::sbuf; };
        TensorCopy t;
        t.src = scene.tile({.dtype = from,
                            .partitions = partitions,
                            .elements = elements,
                            .memory = memory(),
                            .may_repeat = true});
        t.dst = scene.tile_near(
            t.src.view,
            {.dtype = to, .partitions = partitions, .elements = elements, .memory = memory()});
        scene.fill(false);
        return t;
      },
      {.iterations = 1500, .covered_min = 0.8});
}

TEST_CASE("dma_copy routines agree with the reference") {
  differential::run<DmaCopy>(
      [](Scene& scene) {
        const int64_t partitions = scene.size(128), elements = scene.size(800);
        const DType from = any_dtype(scene), to = scene.chance(0.7) ? from : any_dtype(scene);
        // In HBM the partitions are an outer dimension, or not seen at all.
        const auto operand = [&](DType dtype, bool may_repeat) {
          const Memory memory = any_memory(scene);
          if (memory == Memory::sbuf) {
            return scene.tile({.dtype = dtype,
                               .partitions = partitions,
                               .elements = elements,
                               .may_repeat = may_repeat});
          }
          differential::Wanted wanted{.dtype = dtype, .memory = memory, .may_repeat = may_repeat};
          if (scene.chance(0.5)) {
            wanted.elements = partitions * elements;
          } else {
            wanted.shape = {partitions, elements};
          }
          return scene.tile(wanted);
        };
        DmaCopy t{.dst = operand(to, false), .src = operand(from, true)};
        scene.fill(false);
        return t;
      },
      {.iterations = 1000});
}

TEST_CASE("dma_copy routines follow row indices as the reference does") {
  differential::run<DmaCopy>(
      [](Scene& scene) {
        const int64_t rows = scene.size(128), table_rows = scene.size(200);
        const int64_t elements = scene.size(300);
        const DType dtype = scene.one_of({DType::float32, DType::bfloat16, DType::uint8});
        const ViewId index = scene.tile({.dtype = DType::int32, .partitions = rows});
        Storage table{.name = "table", .memory = Memory::shared_hbm, .dtype = dtype, .rank = 2};
        table.shape[0] = table_rows;
        table.shape[1] = elements;
        View view = whole_view(scene.tiles().add(table), table);
        view.layout.shape[0] = rows;
        view.layout.stride[0] = 0;
        view.dynamic = scene.tiles().add(Dynamic{.kind = Dynamic::Kind::vector_tile,
                                                 .index = index,
                                                 .stride = elements,
                                                 .limit = table_rows});
        const ViewId indexed = scene.tiles().add(view);
        const ViewId plain = scene.tile({.dtype = dtype, .partitions = rows, .elements = elements});
        scene.fill(true);
        const int64_t out_of_bounds = scene.chance(0.3) ? 2 : 0;
        scene.set(index, [&](int64_t, int64_t) {
          return static_cast<float>(scene.number(0, table_rows - 1 + out_of_bounds));
        });
        DmaCopy t{.oob_mode = out_of_bounds > 0 ? OobMode::skip : OobMode::error};
        const bool gather = scene.chance(0.5);
        t.dst = gather ? plain : indexed;
        t.src = gather ? indexed : plain;
        return t;
      },
      {.iterations = 200});
}

TEST_CASE("memset routines agree with the reference") {
  differential::run<Memset>([](Scene& scene) {
    const DType dtype = any_dtype(scene);
    Memset t{.dst = scene.tile({.dtype = dtype,
                                .partitions = scene.size(128),
                                .elements = scene.size(1500),
                                .memory = scene.chance(0.2) ? Memory::psum : Memory::sbuf})};
    t.value = scene.constant();
    if (scene.chance(0.3)) t.value = static_cast<int>(scene.number(-300, 300));
    if (is_packed(dtype)) t.value = 0;
    scene.fill(false);
    return t;
  });
}

}  // namespace kiln
