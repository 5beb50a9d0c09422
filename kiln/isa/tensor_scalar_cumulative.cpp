#include "kiln/isa/tensor_scalar_cumulative.h"

#include "kiln/isa/accumulators.h"
#include "kiln/isa/operand_stage.h"
#include "kiln/isa/operand_value.h"
#include "kiln/isa/rules.h"

namespace kiln {

void TensorScalarCumulative::check(const Context& c, Report& report) const {
  const NamedTile d{"dst", c.tile(dst.view)}, in{"src", c.tile(src.view)};
  for (const NamedTile& t : {d, in}) {
    rules::engine_tile(c, report, t);
    rules::dtype_is(
        report, t,
        {DType::bfloat16, DType::float16, DType::float32, DType::float8_e4m3, DType::float8_e4m3fn,
         DType::float8_e5m2, DType::int8, DType::int16, DType::uint8, DType::uint16});
  }
  rules::same_partitions(report, d, in);
  rules::same_free_elements(report, d, in);
  if (rules::arithmetic_op(report, "op0", op0)) {
    rules::operand_stage(c, report, {"op0", op0, "imm0", imm0}, in);
  }
  switch (op1) {
    case AluOp::add:
    case AluOp::subtract:
    case AluOp::multiply:
    case AluOp::maximum:
    case AluOp::minimum:
      break;
    default:
      report.add(diag::bad_operator,
                 "op1 is {}; it must be add, subtract, multiply, maximum or minimum", name_of(op1));
  }
  rules::reduce_cmd_is(report, reduce_cmd,
                       {ReduceCmd::reset_reduce, ReduceCmd::reduce, ReduceCmd::load_reduce});
  rules::accumulator_start(c, report, reduce_cmd, "imm1", imm1, in);
}

void TensorScalarCumulative::execute(TileMemory& memory) const {
  const TileAccess d = memory.access(dst), in = memory.access(src);
  const PartitionValue operand(memory, imm0);
  Accumulators totals(memory, Engine::vector, src.view, op1, reduce_cmd, imm1);
  for (int64_t p = 0; p < d.partitions; ++p) {
    const float x = operand.get(p);
    float& state = totals[p];
    for (int64_t i = 0; i < d.elements; ++i) {
      state = apply(op1, apply(op0, in.get(p, i), x), state);
      d.set(p, i, state);
    }
  }
}

}  // namespace kiln
