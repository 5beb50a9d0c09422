#include "kiln/isa/affine_select.h"

#include "kiln/isa/affine_pattern.h"
#include "kiln/isa/rules.h"

namespace kiln {

namespace {

bool is_comparison(AluOp op) {
  switch (op) {
    case AluOp::equal:
    case AluOp::not_equal:
    case AluOp::greater_equal:
    case AluOp::greater:
    case AluOp::less_equal:
    case AluOp::less:
      return true;
    default:
      return false;
  }
}

}  // namespace

void AffineSelect::check(const Context& c, Report& report) const {
  const NamedTile d{"dst", c.tile(dst.view)}, in{"on_true_tile", c.tile(on_true_tile.view)};
  for (const NamedTile& t : {d, in}) {
    if (rules::in_sbuf(c, report, t)) rules::engine_tile(c, report, t);
    rules::arithmetic_dtype(report, t);
  }
  rules::same_partitions(report, d, in);
  rules::same_free_elements(report, d, in);
  rules::pattern_fits(report, pattern, d);
  if (!is_comparison(cmp_op)) {
    report.add(diag::bad_operator, "cmp_op is {}; it must be a comparison", name_of(cmp_op));
  }
}

void AffineSelect::execute(TileMemory& memory) const {
  const TileAccess d = memory.access(dst), in = memory.access(on_true_tile);
  const AffineValue value{pattern, offset, channel_multiplier};
  for (int64_t p = 0; p < d.partitions; ++p) {
    for (int64_t i = 0; i < d.elements; ++i) {
      if (apply_integer(cmp_op, static_cast<uint32_t>(value.at(p, i)), 0, true) == 0) {
        d.set(p, i, on_false_value);
      } else if (d.dtype == in.dtype) {
        d.set_bits(p, i, in.bits(p, i));
      } else {
        d.set(p, i, in.get(p, i));
      }
    }
  }
}

}  // namespace kiln
