#include "kiln/isa/activation.h"

#include <cmath>

#include "kiln/isa/accumulators.h"
#include "kiln/isa/operand_value.h"
#include "kiln/isa/rules.h"

namespace kiln {

void Activation::check_operands(const Context& c, Report& report) const {
  const NamedTile d{"dst", c.tile(dst.view)}, in{"data", c.tile(data.view)};
  for (const NamedTile& t : {d, in}) {
    rules::engine_tile(c, report, t);
    rules::arithmetic_dtype(report, t);
  }
  rules::same_partitions(report, d, in);
  rules::same_free_elements(report, d, in);
  if (op == ActivationOp::none) {
    report.add(diag::bad_operator, "op is not given; it must be an activation function");
  }
  if (scale.is_tile()) {
    const NamedTile factor{"scale", c.tile(scale.view)};
    rules::engine_tile(c, report, factor);
    rules::column(report, factor, in);
    rules::dtype_is(report, factor, {DType::float32});
  }
  if (bias.is_tile()) {
    const NamedTile addend{"bias", c.tile(bias.view)};
    rules::engine_tile(c, report, addend);
    rules::column(report, addend, in);
    rules::arithmetic_dtype(report, addend);
    if (addend.tile.dtype() == DType::tfloat32) {
      report.add(diag::dtype_mismatch, "bias is tfloat32; it may be any other type");
    }
  } else if (bias.given() && bias.scalar() != 0 && !c.machine.activation_immediate_bias) {
    report.add(diag::wrong_generation, "bias is the constant {}; {} takes a [partitions, 1] tile",
               bias.scalar(), c.machine.core);
  }
  rules::accumulation(c, report, reduce_cmd, reduce_res, in);
}

void Activation::check(const Context& c, Report& report) const {
  check_operands(c, report);
  if (reduce_op == AluOp::none ? reduces(reduce_cmd) : reduce_op != AluOp::add) {
    report.add(diag::bad_operator, "reduce_op is {}; it must be add", name_of(reduce_op));
  }
}

void Activation::execute(TileMemory& memory) const {
  const TileAccess d = memory.access(dst), in = memory.access(data);
  const PartitionValue factor(memory, scale), addend(memory, bias);
  Accumulators totals(memory, Engine::scalar, data.view,
                      reduce_op == AluOp::none ? AluOp::add : reduce_op, reduce_cmd);
  for (int64_t p = 0; p < d.partitions; ++p) {
    const float s = factor.get(p), b = addend.get(p);
    for (int64_t i = 0; i < d.elements; ++i) {
      const float result = activate(op, std::fma(in.get(p, i), s, b));
      d.set(p, i, result);
      totals.add(p, result);
    }
  }
  totals.read_out(memory, reduce_res);
}

}  // namespace kiln
