#include "kiln/executor/routines/differential.h"

namespace kiln {

namespace {

using differential::Image;
using differential::Scene;

DType operand_dtype(Scene& scene) {
  if (scene.chance(0.5)) return scene.one_of({DType::float32, DType::tfloat32});
  return scene.one_of({DType::bfloat16, DType::float16, DType::float8_e4m3, DType::float8_e5m2});
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
        const auto operand = [&](int64_t elements) {
          return scene.tile({.dtype = scene.one_of({DType::float8_e4m3, DType::float8_e5m2}),
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
