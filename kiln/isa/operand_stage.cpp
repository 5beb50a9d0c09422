#include "kiln/isa/operand_stage.h"

#include <cmath>

namespace kiln::rules {

void operand_stage(const Context& c, Report& report, const OperandStage& stage,
                   const NamedTile& data) {
  const AluOp op = stage.op;
  const InOrScalar& operand = stage.operand;
  op_exists(c, report, stage.op_name, op);
  elementwise_op(report, stage.op_name, op);
  if (takes_two_operands(op) && !operand.given()) {
    report.add(diag::missing_argument, "{} is missing; {}={} needs it", stage.operand_name,
               stage.op_name, name_of(op));
  }
  if (info(op).unary && operand.given() && (operand.is_tile() || operand.scalar() != 0)) {
    report.add(diag::bad_argument, "{} is given; {}={} takes None or 0", stage.operand_name,
               stage.op_name, name_of(op));
  }
  if (info(op).bitvec && operand.is_scalar() && std::trunc(operand.scalar()) != operand.scalar()) {
    report.add(diag::bad_argument, "{} is {}; {}={} takes an integer", stage.operand_name,
               operand.scalar(), stage.op_name, name_of(op));
  }
  if (!operand.is_tile()) return;
  const NamedTile t{stage.operand_name, c.tile(operand.view)};
  engine_tile(c, report, t);
  within_gpsimd_reach(report, stage.engine, t);
  column(report, t, data);
  if (info(op).bitvec) {
    integer_dtype(report, t);
  } else {
    dtype_is(report, t, {DType::float32});
  }
}

}  // namespace kiln::rules
