#include "kiln/isa/tensor_scalar_reduce.h"

#include "kiln/isa/accumulators.h"
#include "kiln/isa/operand_stage.h"
#include "kiln/isa/operand_value.h"
#include "kiln/isa/rules.h"

namespace kiln {

void TensorScalarReduce::check(const Context& c, Report& report) const {
  const NamedTile d{"dst", c.tile(dst.view)}, in{"data", c.tile(data.view)};
  for (const NamedTile& t : {d, in}) {
    rules::engine_tile(c, report, t);
    rules::arithmetic_dtype(report, t);
  }
  rules::same_partitions(report, d, in);
  rules::same_free_elements(report, d, in);
  if (rules::arithmetic_op(report, "op0", op0)) {
    rules::operand_stage(c, report, {"op0", op0, "operand0", operand0}, in);
  }
  if (reverse0) report.add(diag::bad_argument, "reverse0 is true; it is not supported yet");
  if (reduce_op != AluOp::add && reduce_op != AluOp::multiply && reduce_op != AluOp::maximum &&
      reduce_op != AluOp::minimum) {
    report.add(diag::bad_operator, "reduce_op is {}; it must be add, multiply, maximum or minimum",
               name_of(reduce_op));
  }
  rules::reduce_cmd_is(report, reduce_cmd,
                       {ReduceCmd::reset_reduce, ReduceCmd::reduce, ReduceCmd::load_reduce});
  rules::accumulator_result(c, report, reduce_res, in);
  rules::accumulator_start(c, report, reduce_cmd, "reduce_init", reduce_init, in);
  rules::only_loaded(report, reduce_cmd, "reduce_init", reduce_init);
}

void TensorScalarReduce::execute(TileMemory& memory) const {
  const TileAccess d = memory.access(dst), in = memory.access(data);
  const PartitionValue operand(memory, operand0);
  Accumulators totals(memory, Engine::vector, data.view, reduce_op, reduce_cmd, reduce_init);
  for (int64_t p = 0; p < d.partitions; ++p) {
    const float x = operand.get(p);
    for (int64_t i = 0; i < d.elements; ++i) {
      const float result = apply(op0, in.get(p, i), x);
      d.set(p, i, result);
      totals.add(p, result);
    }
  }
  totals.read_out(memory, reduce_res, reduce_res_negate);
}

}  // namespace kiln
