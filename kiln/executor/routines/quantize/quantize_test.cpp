#include "kiln/executor/routines/differential.h"

namespace kiln {

using differential::Scene;

TEST_CASE("quantize_mx routines agree with the reference") {
  differential::run<QuantizeMx>(
      [](Scene& scene) {
        const int64_t partitions = 32 * scene.number(1, 4), words = scene.size(300);
        QuantizeMx t{.doubled_scale = scene.chance(0.5)};
        t.src = scene.tile({.dtype = scene.one_of({DType::bfloat16, DType::float16}),
                            .partitions = partitions,
                            .elements = 4 * words,
                            .may_repeat = true});
        t.dst = scene.tile({.dtype = scene.one_of({DType::float8_e4m3fn_x4, DType::float8_e5m2_x4}),
                            .partitions = partitions,
                            .elements = words});
        const ViewId all = scene.tile({.dtype = scene.one_of({DType::uint8, DType::float8_e8m0fnu}),
                                       .partitions = 128,
                                       .elements = words});
        View scale = scene.tiles().view(all);
        scale.partition =
            scene.tiles().tile(t.src.view).partition + static_cast<int32_t>(4 * scene.number(0, 3));
        scale.layout.shape[0] = scene.number(partitions - 28, 128 - scale.partition);
        t.dst_scale = scene.tiles().add(scale);
        scene.fill(scene.chance(0.3));
        return t;
      },
      {.iterations = 500});
}

TEST_CASE("quantize_mx routines leave a result over its source to the reference") {
  Scene scene(1);
  const ViewId src = scene.tile({.dtype = DType::bfloat16, .partitions = 32, .shape = {16}});
  View over = scene.tiles().view(src);
  over.layout.dtype = DType::float8_e4m3fn_x4;
  over.layout.shape[1] = 4;
  over.offset = 0;
  const QuantizeMx t{
      .dst = scene.tiles().add(over),
      .src = src,
      .dst_scale = scene.tile({.dtype = DType::uint8, .partitions = 4, .elements = 4})};
  scene.fill(true);
  for (const RoutineEntry<QuantizeMx>& entry : routines_of<QuantizeMx>()) {
    if (!is_available(entry.level)) continue;
    differential::Image image(scene);
    CHECK_FALSE(entry.run(t, image.memory()));
  }
}

}  // namespace kiln
