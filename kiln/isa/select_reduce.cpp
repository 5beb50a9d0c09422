#include "kiln/isa/select_reduce.h"

#include "kiln/isa/accumulators.h"
#include "kiln/isa/operand_value.h"
#include "kiln/isa/rules.h"

namespace kiln {

namespace {

// All but the types whose values float32 cannot hold, or whose bits it would change.
void check_source_dtype(Report& report, const NamedTile& t) {
  const DType dtype = t.tile.dtype();
  if (dtype != DType::tfloat32 && dtype != DType::int32 && dtype != DType::uint32) return;
  report.add(diag::dtype_mismatch, "{} is {}; it may be any type but tfloat32, int32 and uint32",
             t.name, name_of(dtype));
}

}  // namespace

void SelectReduce::check(const Context& c, Report& report) const {
  const NamedTile d{"dst", c.tile(dst.view)}, in{"on_true", c.tile(on_true.view)},
      mask{"predicate", c.tile(predicate.view)};
  for (const NamedTile& t : {d, in, mask}) {
    rules::engine_tile(c, report, t);
    rules::arithmetic_dtype(report, t);
  }
  rules::dtype_is(report, mask, {DType::int8, DType::uint8, DType::int16, DType::uint16});
  check_source_dtype(report, in);
  rules::same_partitions(report, d, in);
  rules::same_free_elements(report, d, in);
  rules::same_partitions(report, mask, in);
  rules::same_free_elements(report, mask, in);
  rules::not_both_in_psum(report, in, mask);
  if (!on_false.given()) report.add(diag::missing_argument, "on_false is None; it must be given");
  if (on_false.is_tile()) {
    const NamedTile t{"on_false", c.tile(on_false.view)};
    rules::engine_tile(c, report, t);
    rules::arithmetic_dtype(report, t);
    rules::column(report, t, in);
  }
  rules::reduce_cmd_is(report, reduce_cmd,
                       {ReduceCmd::idle, ReduceCmd::reset_reduce, ReduceCmd::reduce});
  rules::accumulator_result(c, report, reduce_res, in);
  if (reduce_res.given() && !is_floating(c.tile(reduce_res.view).dtype())) {
    report.add(diag::dtype_mismatch, "reduce_res is {}; it must be a floating-point type",
               name_of(c.tile(reduce_res.view).dtype()));
  }
  if (reduce_op != AluOp::maximum) {
    report.add(diag::bad_operator, "reduce_op is {}; it must be maximum", name_of(reduce_op));
  }
}

void SelectReduce::execute(TileMemory& memory) const {
  const TileAccess d = memory.access(dst), in = memory.access(on_true);
  const TileAccess mask = memory.access(predicate);
  const PartitionValue otherwise(memory, on_false);
  Accumulators totals(memory, Engine::vector, on_true.view, reduce_op, reduce_cmd);
  for (int64_t p = 0; p < d.partitions; ++p) {
    const float other = otherwise.get(p);
    for (int64_t i = 0; i < d.elements; ++i) {
      const bool selected = (mask.bits(p, i) != 0) != reverse_pred;
      const float result = selected ? in.get(p, i) : other;
      d.set(p, i, result);
      totals.add(p, result);
    }
  }
  totals.read_out(memory, reduce_res);
}

}  // namespace kiln
