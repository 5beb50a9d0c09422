#include "kiln/isa/activation_reduce.h"

#include "kiln/isa/rules.h"

namespace kiln {

Activation ActivationReduce::as_activation() const {
  return {.dst = dst,
          .op = op,
          .data = data,
          .bias = bias,
          .scale = scale,
          .reduce_op = reduce_op,
          .reduce_res = reduce_res,
          .reduce_cmd = ReduceCmd::reset_reduce};
}

void ActivationReduce::check(const Context& c, Report& report) const {
  as_activation().check_operands(c, report);
  if (!info(reduce_op).reduces || info(reduce_op).bitvec) {
    report.add(diag::bad_operator, "reduce_op is {}; it must be an arithmetic reduction operator",
               name_of(reduce_op));
  } else if (reduce_op != AluOp::add && !c.machine.activation_reduces_any_op) {
    report.add(diag::wrong_generation, "reduce_op is {}; {} only reduces by add",
               name_of(reduce_op), c.machine.core);
  }
}

void ActivationReduce::execute(TileMemory& memory) const { as_activation().execute(memory); }

}  // namespace kiln
