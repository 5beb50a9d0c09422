#include "kiln/executor/routines/differential.h"

namespace kiln {

using differential::Scene;

TEST_CASE("tensor_tensor_scan routines agree with the reference") {
  differential::run<TensorTensorScan>(
      [](Scene& scene) {
        const int64_t partitions = scene.size(128), elements = scene.size(1300);
        const auto op = [&] {
          if (scene.chance(0.4)) return scene.one_of({AluOp::multiply, AluOp::add});
          while (true) {
            const auto any = static_cast<AluOp>(scene.number(1, static_cast<int64_t>(AluOp::abs)));
            if (takes_two_operands(any) && !info(any).bitvec && any != AluOp::power) return any;
          }
        };
        const auto wanted = [&] {
          return differential::Wanted{.dtype = scene.arithmetic_dtype(),
                                      .partitions = partitions,
                                      .elements = elements,
                                      .memory = scene.chance(0.1) ? Memory::psum : Memory::sbuf};
        };
        TensorTensorScan t{
            .initial = scene.constant_or_column(partitions, scene.arithmetic_dtype()),
            .op0 = op(),
            .op1 = op(),
            .reverse0 = scene.chance(0.3),
            .reverse1 = scene.chance(0.3)};
        t.data0 = scene.tile(wanted());
        t.data1 = scene.tile(wanted());
        t.dst = scene.tile_near(t.data0.view, wanted());
        scene.fill(scene.chance(0.7));
        return t;
      },
      {.iterations = 600, .covered_min = 0.8});
}

}  // namespace kiln
