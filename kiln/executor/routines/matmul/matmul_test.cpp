#include "kiln/executor/routines/differential.h"

namespace kiln {

namespace {

using differential::Image;
using differential::Scene;
using differential::Wanted;

DType operand_dtype(Scene& scene) {
  if (scene.chance(0.5)) return scene.one_of({DType::float32, DType::tfloat32});
  return scene.one_of({DType::bfloat16, DType::float16, DType::float8_e4m3, DType::float8_e4m3fn,
                       DType::float8_e5m2});
}

DType other_dtype(Scene& scene, DType first) {
  if (size_bytes(first) == 4) return scene.one_of({DType::float32, DType::tfloat32});
  return scene.one_of({DType::bfloat16, DType::float16, DType::float8_e5m2});
}

ViewId result_tile(Scene& scene, int64_t rows, int64_t columns) {
  return scene.tile({.dtype = scene.chance(0.2) ? DType::bfloat16 : DType::float32,
                     .partitions = rows,
                     .elements = columns,
                     .memory = Memory::psum});
}

Wanted words(Scene& scene, int64_t partitions, int64_t elements) {
  return {.dtype = scene.one_of(
              {DType::float8_e5m2_x4, DType::float8_e4m3fn_x4, DType::float4_e2m1fn_x4}),
          .partitions = partitions,
          .elements = elements,
          .may_repeat = true};
}

// Where the scales of `data` may lie: from 0, 4, 8 or 12 partitions into its first quadrant on.
ViewId scale_tile(Scene& scene, ViewId data) {
  const Tile tile = scene.tiles().tile(data);
  const ViewId all = scene.tile({.dtype = scene.one_of({DType::uint8, DType::float8_e8m0fnu}),
                                 .partitions = 128,
                                 .elements = tile.free_elements(),
                                 .may_repeat = true});
  View view = scene.tiles().view(all);
  const int64_t offset = 4 * scene.number(0, 3);
  view.partition = static_cast<int32_t>(tile.partition + offset);
  view.layout.shape[0] = scene.number(tile.partitions() - 28, 128 - view.partition);
  return scene.tiles().add(view);
}

}  // namespace

TEST_CASE("nc_matmul routines agree with the reference") {
  differential::run<NcMatmul>(
      [](Scene& scene) {
        const int64_t steps = scene.size(128), rows = scene.size(128), columns = scene.size(512);
        const DType dtype = operand_dtype(scene);
        NcMatmul t{
            .dst = result_tile(scene, rows, columns),
            .stationary = scene.tile({.dtype = dtype, .partitions = steps, .elements = rows}),
            .moving = scene.tile({.dtype = other_dtype(scene, dtype),
                                  .partitions = steps,
                                  .elements = columns,
                                  .may_repeat = true}),
            .accumulate = scene.one_of({Tristate::automatic, Tristate::no, Tristate::yes})};
        scene.fill(scene.chance(0.8));
        return t;
      },
      {.iterations = 500});
}

TEST_CASE("nc_matmul routines agree with the reference in double_row") {
  differential::run<NcMatmul>(
      [](Scene& scene) {
        const int64_t steps = scene.size(128), rows = scene.size(128), columns = scene.size(256);
        const DType e4 = scene.one_of({DType::float8_e4m3, DType::float8_e4m3fn});
        const auto operand = [&](int64_t elements) {
          return scene.tile({.dtype = scene.one_of({e4, DType::float8_e5m2}),
                             .partitions = steps,
                             .shape = {2, elements}});
        };
        NcMatmul t{.dst = result_tile(scene, rows, columns),
                   .stationary = operand(rows),
                   .moving = operand(columns),
                   .perf_mode = MatmulPerfMode::double_row};
        scene.fill(true);
        return t;
      },
      {.iterations = 100});
}

TEST_CASE("nc_matmul routines widen every 8-bit type") {
  // All bit patterns, against ones: each element is alone in its sum.
  for (const DType dtype : {DType::float8_e4m3, DType::float8_e4m3fn, DType::float8_e5m2}) {
    for (const RoutineEntry<NcMatmul>& entry : routines_of<NcMatmul>()) {
      if (!is_available(entry.level)) continue;
      CAPTURE(entry.name);
      CAPTURE(name_of(dtype));
      Scene scene(1);
      const ViewId ones = scene.tile({.dtype = dtype, .partitions = 1, .elements = 3});
      const ViewId all = scene.tile({.dtype = dtype, .partitions = 1, .elements = 256});
      const NcMatmul t{.dst = result_tile(scene, 3, 256), .stationary = ones, .moving = all};
      scene.fill(true);
      scene.set(ones, [](int64_t, int64_t) { return 1.0f; });
      scene.set_bits(all, [](int64_t, int64_t i) { return static_cast<Bits>(i); });
      Image result(scene), reference(scene);
      REQUIRE(entry.run(t, result.memory()));
      t.execute(reference.memory());
      CHECK(result.difference(reference, 0) == "");
    }
  }
}

TEST_CASE("nc_matmul_mx routines agree with the reference") {
  differential::run<NcMatmulMx>(
      [](Scene& scene) {
        const int64_t partitions = 32 * scene.number(1, 4);
        const int64_t rows = 2 * scene.size(64), columns = scene.size(600);
        NcMatmulMx t{
            .dst = result_tile(scene, rows, columns),
            .accumulate = scene.one_of({Tristate::automatic, Tristate::no, Tristate::yes})};
        t.stationary = scene.tile(words(scene, partitions, rows));
        t.moving = scene.tile(words(scene, partitions, columns));
        t.stationary_scale = scale_tile(scene, t.stationary.view);
        t.moving_scale = scale_tile(scene, t.moving.view);
        scene.fill(true);
        // Any bits, or such that sums are seldom NaN.
        if (scene.chance(0.2)) return t;
        for (const ViewId tile : {t.stationary.view, t.moving.view}) {
          scene.set_bits(tile, [&](int64_t, int64_t) {
            return static_cast<Bits>(scene.number(0, UINT32_MAX)) & 0xBBBBBBBB;
          });
        }
        for (const ViewId tile : {t.stationary_scale.view, t.moving_scale.view}) {
          scene.set_bits(tile, [&](int64_t, int64_t) {
            return static_cast<Bits>(scene.chance(0.99) ? scene.number(100, 150)
                                                        : scene.number(0, 255));
          });
        }
        return t;
      },
      {.iterations = 200});
}

TEST_CASE("nc_matmul routines accumulate as the reference does") {
  // The second of three matmuls meets a part that the first has written.
  for (const RoutineEntry<NcMatmul>& entry : routines_of<NcMatmul>()) {
    if (!is_available(entry.level)) continue;
    CAPTURE(entry.name);
    Scene scene(1);
    const ViewId left = scene.tile({.partitions = 20, .elements = 30});
    const ViewId right = scene.tile({.partitions = 20, .elements = 90});
    const ViewId whole = scene.tile({.partitions = 30, .shape = {90}, .memory = Memory::psum});
    const auto part = [&](ViewId of, int64_t count) {
      View view = scene.tiles().view(of);
      view.layout.shape[1] = count;
      return scene.tiles().add(view);
    };
    scene.fill(true);
    const ViewId half = part(whole, 45), half_right = part(right, 45);
    Image result(scene), reference(scene);
    for (const NcMatmul& t : {NcMatmul{.dst = half, .stationary = left, .moving = half_right},
                              NcMatmul{.dst = whole, .stationary = left, .moving = right},
                              NcMatmul{.dst = whole, .stationary = left, .moving = right}}) {
      REQUIRE(entry.run(t, result.memory()));
      t.execute(reference.memory());
      REQUIRE(result.difference(reference, 0) == "");
    }
  }
}

TEST_CASE("nc_matmul routines transpose as the reference does") {
  differential::run<NcMatmul>(
      [](Scene& scene) {
        const int64_t steps = scene.size(128), rows = scene.size(128), columns = scene.size(steps);
        const DType dtype = scene.one_of({DType::float32, DType::bfloat16, DType::float16});
        NcMatmul t{.is_transpose = true};
        t.stationary = scene.tile({.dtype = dtype, .partitions = steps, .elements = rows});
        t.moving = scene.tile({.dtype = dtype, .partitions = steps, .shape = {columns}});
        t.dst = scene.tile({.dtype = scene.chance(0.5) ? dtype : DType::float32,
                            .partitions = rows,
                            .elements = columns,
                            .memory = Memory::psum});
        scene.fill(false);
        const int64_t shift = scene.chance(0.5) ? 0 : scene.number(0, 127);
        const bool leave_out = scene.chance(0.3);
        scene.set(t.moving.view, [&](int64_t k, int64_t j) {
          return k == (j + shift) % steps && !(leave_out && j == 1) ? 1.0f : 0.0f;
        });
        return t;
      },
      {.iterations = 200});
}

}  // namespace kiln
