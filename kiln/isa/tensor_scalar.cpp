#include "kiln/isa/tensor_scalar.h"

#include "kiln/isa/operand_stage.h"
#include "kiln/isa/operand_value.h"
#include "kiln/isa/rules.h"

namespace kiln {

namespace {

// The Scalar engine multiplies, adds, or multiplies and then adds, unless it has all operators.
bool scalar_engine_has(AluOp op0, AluOp op1) {
  if (op0 == AluOp::multiply) return op1 == AluOp::add || is_identity(op1);
  return op0 == AluOp::add && is_identity(op1);
}

void check_engine(const Context& c, Report& report, const TensorScalar& t) {
  const EngineSet allowed = t.bitvec() ? EngineSet(Engine::vector) : t.spec.engines;
  if (!rules::engine_is(report, t.engine, allowed)) return;
  if (t.engine == Engine::scalar && !c.machine.scalar_engine_any_scalar_op &&
      !scalar_engine_has(t.op0, t.op1)) {
    report.add(diag::bad_operator,
               "op0 is {} and op1 is {}; engine=scalar has multiply, add, and multiply then add",
               name_of(t.op0), name_of(t.op1));
  }
  if (t.engine == Engine::gpsimd && t.op0 != AluOp::rsqrt && t.op1 != AluOp::rsqrt) {
    report.add(diag::bad_operator, "op0 is {} and op1 is {}; engine=gpsimd has rsqrt only",
               name_of(t.op0), name_of(t.op1));
  }
}

bool computes_addresses(AluOp op) {
  return op == AluOp::add || op == AluOp::subtract || op == AluOp::multiply;
}

// Sums and products of 32-bit integers are addresses, which are not computed on gathered elements.
void check_indirect(Report& report, const TensorScalar& t, const NamedTile& d, const NamedTile& a) {
  const bool addresses = computes_addresses(t.op0) || computes_addresses(t.op1);
  for (const NamedTile& tile : {d, a}) {
    const auto is_word = [](DType dtype) {
      return dtype == DType::int32 || dtype == DType::uint32;
    };
    if (!tile.tile.indirect || !addresses || !is_word(d.tile.dtype()) || !is_word(a.tile.dtype())) {
      continue;
    }
    report.add(diag::bad_view, "{} is a view made by indirect(); {} of {} to {} takes none",
               tile.name, name_of(computes_addresses(t.op0) ? t.op0 : t.op1),
               name_of(a.tile.dtype()), name_of(d.tile.dtype()));
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
  rules::operand_stage(c, report, {"op0", op0, "operand0", operand0, engine}, a);
  rules::operand_stage(c, report, {"op1", op1, "operand1", operand1, engine}, a);
  if (!is_identity(op0) && !is_identity(op1) && info(op0).bitvec != info(op1).bitvec) {
    report.add(diag::bad_operator,
               "op0 is {} and op1 is {}; both must be bitvec or both arithmetic operators",
               name_of(op0), name_of(op1));
  }
  check_engine(c, report, *this);
  check_indirect(report, *this, d, a);
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
