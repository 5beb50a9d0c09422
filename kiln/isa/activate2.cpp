#include "kiln/isa/activate2.h"

#include <cmath>

#include "kiln/isa/accumulators.h"
#include "kiln/isa/operand_value.h"
#include "kiln/isa/rules.h"

namespace kiln {

namespace {

bool scalar_engine_has(AluOp op0, AluOp op1) {
  switch (op0) {
    case AluOp::multiply:
      return op1 == AluOp::add || op1 == AluOp::subtract || op1 == AluOp::bypass;
    case AluOp::add:
    case AluOp::subtract:
    case AluOp::bypass:
      return op1 == AluOp::bypass;
    default:
      return false;
  }
}

void check_operators(Report& report, const Activate2& a) {
  if (a.op == ActivationOp::none) {
    report.add(diag::bad_operator, "op is not given; it must be an activation function");
  }
  if (!scalar_engine_has(a.op0, a.op1)) {
    report.add(diag::bad_operator,
               "op0 is {} and op1 is {}; the Scalar engine has multiply, add, subtract or bypass, "
               "and add or subtract after multiply",
               name_of(a.op0), name_of(a.op1));
  }
  if (a.reverse0 && a.op0 == AluOp::bypass) {
    report.add(diag::bad_argument, "reverse0 is true; op0 is bypass");
  }
  if (a.reverse1 && a.op1 == AluOp::bypass) {
    report.add(diag::bad_argument, "reverse1 is true; op1 is bypass");
  }
  switch (a.reduce_op) {
    case AluOp::add:
    case AluOp::maximum:
    case AluOp::minimum:
    case AluOp::abs_max:
    case AluOp::abs_min:
      return;
    case AluOp::none:
      if (!reduces(a.reduce_cmd) && !resets(a.reduce_cmd)) return;
      [[fallthrough]];
    default:
      report.add(diag::bad_operator,
                 "reduce_op is {}; it must be add, maximum, minimum, abs_max or abs_min",
                 name_of(a.reduce_op));
  }
}

void check_operand(const Context& c, Report& report, const NamedTile& t, const NamedTile& data) {
  rules::engine_tile(c, report, t);
  rules::column(report, t, data);
  rules::arithmetic_dtype(report, t);
}

// The first two stages; a multiplication and what follows it are one step, rounded once.
float shifted(const Activate2& a, float x, float first, float second) {
  if (a.op0 == AluOp::multiply && a.op1 != AluOp::bypass) {
    if (a.op1 == AluOp::add) return std::fma(x, first, second);
    return a.reverse1 ? std::fma(-x, first, second) : std::fma(x, first, -second);
  }
  return apply(a.op0, a.reverse0, x, first);
}

float activated(ActivationOp op, float x, float slope) {
  if (op == ActivationOp::prelu) return x < 0 ? slope * x : x;
  return activate(op, x);
}

}  // namespace

void Activate2::check(const Context& c, Report& report) const {
  const NamedTile d{"dst", c.tile(dst.view)}, in{"data", c.tile(data.view)};
  for (const NamedTile& t : {d, in}) {
    rules::engine_tile(c, report, t);
    rules::arithmetic_dtype(report, t);
  }
  rules::same_partitions(report, d, in);
  rules::same_free_elements(report, d, in);
  check_operators(report, *this);
  if (imm0.is_tile()) check_operand(c, report, {"imm0", c.tile(imm0.view)}, in);
  if (imm1.is_tile()) check_operand(c, report, {"imm1", c.tile(imm1.view)}, in);
  if (relu_param.is_tile()) {
    check_operand(c, report, {"relu_param", c.tile(relu_param.view)}, in);
  }
  if (imm0.is_tile() && imm1.is_tile()) {
    rules::same_dtype(report, {"imm0", c.tile(imm0.view)}, {"imm1", c.tile(imm1.view)});
  }
  if (!imm0.given() && op0 != AluOp::bypass) {
    report.add(diag::missing_argument, "imm0 is None; op0={} needs it", name_of(op0));
  }
  if (!imm1.given() && op1 != AluOp::bypass) {
    report.add(diag::missing_argument, "imm1 is None; op1={} needs it", name_of(op1));
  }
  rules::accumulation(c, report, reduce_cmd, reduce_res, in);
}

void Activate2::execute(TileMemory& memory) const {
  const TileAccess d = memory.access(dst), in = memory.access(data);
  const PartitionValue value0(memory, imm0), value1(memory, imm1), slopes(memory, relu_param);
  Accumulators totals(memory, Engine::scalar, data.view, reduce_op, reduce_cmd);
  for (int64_t p = 0; p < d.partitions; ++p) {
    const float first = value0.get(p), second = value1.get(p), slope = slopes.get(p);
    for (int64_t i = 0; i < d.elements; ++i) {
      const float result = activated(op, shifted(*this, in.get(p, i), first, second), slope);
      d.set(p, i, result);
      totals.add(p, result);
    }
  }
  totals.read_out(memory, reduce_res);
}

}  // namespace kiln
