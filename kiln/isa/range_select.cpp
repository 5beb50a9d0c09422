#include "kiln/isa/range_select.h"

#include "kiln/isa/accumulators.h"
#include "kiln/isa/rules.h"

namespace kiln {

namespace {

// float32 counts columns exactly up to here.
constexpr int64_t last_exact_column = int64_t{1} << 24;

void check_comparison(Report& report, std::string_view name, AluOp op) {
  switch (op) {
    case AluOp::equal:
    case AluOp::less:
    case AluOp::less_equal:
    case AluOp::greater:
    case AluOp::greater_equal:
      return;
    default:
      report.add(diag::bad_operator,
                 "{} is {}; it must be equal, less, less_equal, greater or greater_equal", name,
                 name_of(op));
  }
}

}  // namespace

void RangeSelect::check(const Context& c, Report& report) const {
  if (!c.machine.range_select) {
    report.add(diag::wrong_generation, "{} does not have range_select", c.machine.core);
  }
  const NamedTile d{"dst", c.tile(dst.view)}, in{"on_true_tile", c.tile(on_true_tile.view)};
  for (const NamedTile& t : {d, in}) {
    rules::engine_tile(c, report, t);
    if (!is_floating(t.tile.dtype())) {
      report.add(diag::dtype_mismatch, "{} is {}; it must be a floating-point type", t.name,
                 name_of(t.tile.dtype()));
    }
  }
  rules::same_partitions(report, d, in);
  rules::same_free_elements(report, d, in);
  for (const NamedTile& t :
       {NamedTile{"bound0", c.tile(bound0.view)}, NamedTile{"bound1", c.tile(bound1.view)}}) {
    rules::engine_tile(c, report, t);
    rules::column(report, t, in);
    rules::dtype_is(report, t, {DType::float32});
  }
  rules::accumulation(c, report, reduce_cmd, reduce_res, in);
  check_comparison(report, "comp_op0", comp_op0);
  check_comparison(report, "comp_op1", comp_op1);
  if (reduce_op != AluOp::maximum) {
    report.add(diag::bad_operator, "reduce_op is {}; it must be maximum", name_of(reduce_op));
  }
  if (on_false_value != fill) {
    report.add(diag::bad_argument, "on_false_value is {}; it must be the lowest float32, {}",
               on_false_value, fill);
  }
  const int64_t last = range_start + in.tile.free_elements() - 1;
  if (range_start < -last_exact_column || last > last_exact_column) {
    report.add(diag::bad_argument, "columns are numbered {} to {}; float32 is exact up to {}",
               range_start, last, last_exact_column);
  }
}

void RangeSelect::execute(TileMemory& memory) const {
  const TileAccess d = memory.access(dst), in = memory.access(on_true_tile);
  const TileAccess low = memory.access(bound0), high = memory.access(bound1);
  Accumulators totals(memory, Engine::vector, on_true_tile.view, reduce_op, reduce_cmd);
  for (int64_t p = 0; p < d.partitions; ++p) {
    const float first = low.get(p, 0), second = high.get(p, 0);
    for (int64_t i = 0; i < d.elements; ++i) {
      const auto column = static_cast<float>(range_start + i);
      const bool selected =
          apply(comp_op0, column, first) != 0 && apply(comp_op1, column, second) != 0;
      const float result = selected ? in.get(p, i) : on_false_value;
      d.set(p, i, result);
      totals.add(p, result);
    }
  }
  totals.read_out(memory, reduce_res);
}

}  // namespace kiln
