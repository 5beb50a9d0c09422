#include "kiln/isa/tensor_scalar.h"

#include <cmath>

#include "kiln/isa/operand_value.h"
#include "kiln/isa/rules.h"

namespace kiln {

namespace {

// One stage: op and operand, with their argument names, and the engine asked for.
struct Stage {
  Engine engine;
  std::string_view op_name;
  AluOp op;
  std::string_view operand_name;
  const InOrScalar& operand;
};

void check_stage(const Context& c, Report& report, const Stage& stage, const NamedTile& data) {
  const AluOp op = stage.op;
  const InOrScalar& operand = stage.operand;
  rules::op_exists(c, report, stage.op_name, op);
  rules::elementwise_op(report, stage.op_name, op);
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
  rules::engine_tile(c, report, t);
  rules::within_gpsimd_reach(report, stage.engine, t);
  rules::column(report, t, data);
  if (info(op).bitvec) {
    rules::integer_dtype(report, t);
  } else {
    rules::dtype_is(report, t, {DType::float32});
  }
}

// The Scalar engine multiplies, adds, or multiplies and then adds.
bool scalar_engine_has(AluOp op0, AluOp op1) {
  if (op0 == AluOp::multiply) return op1 == AluOp::add || is_identity(op1);
  return op0 == AluOp::add && is_identity(op1);
}

void check_engine(Report& report, const TensorScalar& t) {
  const EngineSet allowed = t.bitvec() ? EngineSet(Engine::vector) : t.spec.engines;
  if (!rules::engine_is(report, t.engine, allowed)) return;
  if (t.engine == Engine::scalar && !scalar_engine_has(t.op0, t.op1)) {
    report.add(diag::bad_operator,
               "op0 is {} and op1 is {}; engine=scalar has multiply, add, and multiply then add",
               name_of(t.op0), name_of(t.op1));
  }
  if (t.engine == Engine::gpsimd && t.op0 != AluOp::rsqrt && t.op1 != AluOp::rsqrt) {
    report.add(diag::bad_operator, "op0 is {} and op1 is {}; engine=gpsimd has rsqrt only",
               name_of(t.op0), name_of(t.op1));
  }
}

Bits apply_stage(AluOp op, bool reverse, Bits value, Bits operand) {
  if (is_identity(op)) return value;
  if (reverse && takes_two_operands(op)) return apply_bits(op, operand, value);
  return apply_bits(op, value, operand);
}

}  // namespace

void TensorScalar::check(const Context& c, Report& report) const {
  const NamedTile d{"dst", c.tile(dst.view)}, a{"data", c.tile(data.view)};
  for (const NamedTile& t : {d, a}) {
    rules::engine_tile(c, report, t);
    rules::within_gpsimd_reach(report, engine, t);
    if (bitvec()) {
      rules::integer_dtype(report, t);
    } else {
      rules::arithmetic_dtype(report, t);
    }
  }
  rules::same_partitions(report, d, a);
  rules::same_free_elements(report, d, a);
  check_stage(c, report, {engine, "op0", op0, "operand0", operand0}, a);
  check_stage(c, report, {engine, "op1", op1, "operand1", operand1}, a);
  if (!is_identity(op0) && !is_identity(op1) && info(op0).bitvec != info(op1).bitvec) {
    report.add(diag::bad_operator,
               "op0 is {} and op1 is {}; both must be bitvec or both arithmetic operators",
               name_of(op0), name_of(op1));
  }
  check_engine(report, *this);
}

void TensorScalar::execute(TileMemory& memory) const {
  const TileAccess d = memory.access(dst), a = memory.access(data);
  const PartitionValue value0(memory, operand0), value1(memory, operand1);
  for (int64_t p = 0; p < d.partitions; ++p) {
    if (bitvec()) {
      const Bits b0 = value0.bits(p), b1 = value1.bits(p);
      for (int64_t i = 0; i < d.elements; ++i) {
        const Bits first = apply_stage(op0, reverse0, a.bits(p, i), b0);
        d.set_bits(p, i, apply_stage(op1, reverse1, first, b1));
      }
    } else {
      const float x0 = value0.get(p), x1 = value1.get(p);
      for (int64_t i = 0; i < d.elements; ++i) {
        const float first = apply(op0, reverse0, a.get(p, i), x0);
        d.set(p, i, apply(op1, reverse1, first, x1));
      }
    }
  }
}

}  // namespace kiln
