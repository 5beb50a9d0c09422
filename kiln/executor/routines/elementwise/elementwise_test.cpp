#include "kiln/executor/routines/differential.h"

namespace kiln {

namespace {

using differential::Scene;
using differential::Wanted;

AluOp any_op(Scene& scene) {
  return static_cast<AluOp>(scene.number(1, static_cast<int64_t>(AluOp::reciprocal)));
}

Wanted any_tile(Scene& scene, int64_t partitions, int64_t elements, DType dtype) {
  return {.dtype = dtype,
          .partitions = partitions,
          .elements = elements,
          .memory = scene.chance(0.2) ? Memory::psum : Memory::sbuf,
          .may_repeat = true};
}

DType dtype_for(Scene& scene, AluOp op) {
  return info(op).bitvec ? scene.integer_dtype() : scene.arithmetic_dtype();
}

Wanted result_tile(Scene& scene, int64_t partitions, int64_t elements, DType dtype) {
  Wanted wanted = any_tile(scene, partitions, elements, dtype);
  wanted.may_repeat = false;
  return wanted;
}

}  // namespace

TEST_CASE("tensor_tensor routines agree with the reference") {
  differential::run<TensorTensor>(
      [](Scene& scene) {
        const int64_t partitions = scene.size(128), elements = scene.size(1500);
        TensorTensor t{.op = any_op(scene),
                       .engine = scene.one_of({Engine::unknown, Engine::vector, Engine::gpsimd})};
        DType dtype = dtype_for(scene, t.op);
        const bool all_integers = scene.chance(0.3);
        const auto next_dtype = [&] {
          return all_integers ? scene.one_of({DType::int32, DType::uint32})
                              : dtype_for(scene, t.op);
        };
        dtype = next_dtype();
        t.data1 = scene.tile(any_tile(scene, partitions, elements, dtype));
        t.data2 =
            scene.tile_near(t.data1.view, any_tile(scene, partitions, elements, next_dtype()));
        t.dst =
            scene.tile_near(t.data1.view, result_tile(scene, partitions, elements, next_dtype()));
        scene.fill(false);
        return t;
      },
      {.iterations = 1500, .covered_min = 0.8});
}

TEST_CASE("tensor_scalar routines agree with the reference") {
  differential::run<TensorScalar>(
      [](Scene& scene) {
        const int64_t partitions = scene.size(128), elements = scene.size(1500);
        const bool bits = scene.chance(0.3);
        const auto op = [&] {
          while (true) {
            const AluOp any = scene.chance(0.2) ? AluOp::none : any_op(scene);
            if (info(any).bitvec == bits || is_identity(any)) return any;
          }
        };
        TensorScalar t{
            .op0 = op(), .reverse0 = scene.chance(0.3), .op1 = op(), .reverse1 = scene.chance(0.3)};
        const auto dtype = [&] { return bits ? scene.integer_dtype() : scene.arithmetic_dtype(); };
        const auto operand = [&](AluOp stage) -> InOrScalar {
          if (!takes_two_operands(stage)) return {};
          if (info(stage).bitvec && scene.chance(0.5))
            return static_cast<int>(scene.number(-3, 40));
          return scene.constant_or_column(partitions,
                                          bits ? scene.integer_dtype() : DType::float32);
        };
        t.operand0 = operand(t.op0);
        t.operand1 = operand(t.op1);
        t.data = scene.tile(any_tile(scene, partitions, elements, dtype()));
        t.dst = scene.tile_near(t.data.view, result_tile(scene, partitions, elements, dtype()));
        scene.fill(false);
        return t;
      },
      {.iterations = 1500, .covered_min = 0.8});
}

TEST_CASE("scalar_tensor_tensor routines agree with the reference") {
  differential::run<ScalarTensorTensor>(
      [](Scene& scene) {
        const int64_t partitions = scene.size(128), elements = scene.size(1500);
        const auto op = [&] {
          while (true) {
            const AluOp any = any_op(scene);
            if (takes_two_operands(any) && !info(any).bitvec) return any;
          }
        };
        const auto dtype = [&] { return scene.arithmetic_dtype(); };
        ScalarTensorTensor t{.op0 = op(),
                             .operand0 = scene.constant_or_column(partitions, dtype()),
                             .op1 = op(),
                             .reverse0 = scene.chance(0.3),
                             .reverse1 = scene.chance(0.3)};
        t.data = scene.tile(any_tile(scene, partitions, elements, dtype()));
        t.operand1 = scene.tile(any_tile(scene, partitions, elements, dtype()));
        t.dst = scene.tile_near(t.data.view, result_tile(scene, partitions, elements, dtype()));
        scene.fill(false);
        return t;
      },
      {.iterations = 600, .covered_min = 0.8});
}

TEST_CASE("reciprocal routines agree with the reference") {
  differential::run<Reciprocal>([](Scene& scene) {
    const int64_t partitions = scene.size(128), elements = scene.size(1500);
    Reciprocal t{.data =
                     scene.tile(any_tile(scene, partitions, elements, scene.arithmetic_dtype()))};
    t.dst = scene.tile_near(t.data.view,
                            result_tile(scene, partitions, elements, scene.arithmetic_dtype()));
    scene.fill(false);
    return t;
  });
}

}  // namespace kiln
