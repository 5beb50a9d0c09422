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

TEST_CASE("tensor_scalar_cumulative routines agree with the reference") {
  differential::run<TensorScalarCumulative>(
      [](Scene& scene) {
        const int64_t partitions = scene.size(128), elements = scene.size(1300);
        const auto wanted = [&] {
          return differential::Wanted{
              .dtype = scene.chance(0.4)
                           ? DType::float32
                           : scene.one_of({DType::bfloat16, DType::float16, DType::float8_e4m3,
                                           DType::int8, DType::uint16, DType::float8_e5m2}),
              .partitions = partitions,
              .elements = elements,
              .memory = scene.chance(0.1) ? Memory::psum : Memory::sbuf};
        };
        TensorScalarCumulative t{
            .op0 = scene.one_of({AluOp::add, AluOp::multiply, AluOp::bypass, AluOp::subtract,
                                 AluOp::maximum, AluOp::abs, AluOp::power, AluOp::less}),
            .op1 = scene.one_of(
                {AluOp::add, AluOp::subtract, AluOp::multiply, AluOp::maximum, AluOp::minimum}),
            .imm0 = scene.constant_or_column(partitions, DType::float32),
            .imm1 = scene.constant_or_column(partitions, DType::float32),
            .reduce_cmd =
                scene.one_of({ReduceCmd::reset_reduce, ReduceCmd::reduce, ReduceCmd::load_reduce})};
        if (info(t.op0).unary) t.imm0 = 0.0f;
        t.src = scene.tile(wanted());
        t.dst = scene.tile_near(t.src.view, wanted());
        scene.fill(scene.chance(0.7));
        return t;
      },
      {.iterations = 600, .covered_min = 0.8});
}

}  // namespace kiln
