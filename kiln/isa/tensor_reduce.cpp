#include "kiln/isa/tensor_reduce.h"

#include <bit>

#include "kiln/isa/rules.h"

namespace kiln {

namespace {

// Elements that make one result if the axes are the tile's last dimensions without the partition
// dimension; 0 if they are not.
int64_t reduced_elements(Axes axis, const Tile& tile) {
  const int rank = tile.rank(), count = std::popcount(axis.bits);
  if (count == 0 || count >= rank) return 0;
  const unsigned last = ((1u << count) - 1u) << (rank - count);
  if (axis.bits != last) return 0;
  int64_t n = 1;
  for (int i = rank - count; i < rank; ++i) n *= tile.shape(i);
  return n;
}

std::string axis_text(Axes axis) {
  std::string text;
  for (int i = 0; i < max_rank; ++i) {
    if (axis.contains(i)) text += fmt::format("{}{}", text.empty() ? "" : ", ", i);
  }
  return text;
}

// The result of elements first … first+count-1 of partition p.
float reduce(AluOp op, const TileAccess& data, int64_t p, int64_t first, int64_t count) {
  float state = data.get(p, first);
  const bool logical =
      op == AluOp::logical_and || op == AluOp::logical_or || op == AluOp::logical_xor;
  if (logical) state = apply(op, reduction_identity(op), state);
  for (int64_t i = first + 1; i < first + count; ++i) state = apply(op, state, data.get(p, i));
  return state;
}

Bits reduce_bits(AluOp op, const TileAccess& data, int64_t p, int64_t first, int64_t count) {
  Bits state = data.bits(p, first);
  for (int64_t i = first + 1; i < first + count; ++i) {
    state = apply_bits(op, state, data.bits(p, i));
  }
  return state;
}

}  // namespace

void TensorReduce::check(const Context& c, Report& report) const {
  const NamedTile d{"dst", c.tile(dst.view)}, a{"data", c.tile(data.view)};
  for (const NamedTile& t : {d, a}) {
    rules::engine_tile(c, report, t);
    if (info(op).bitvec) {
      rules::integer_dtype(report, t);
    } else {
      rules::arithmetic_dtype(report, t);
    }
  }
  rules::same_partitions(report, d, a);
  rules::reduction_op(report, "op", op);
  if (negate && info(op).bitvec) {
    report.add(diag::bad_argument, "negate is true; op={} takes no negation", name_of(op));
  }
  const int64_t reduced = reduced_elements(axis, a.tile);
  if (reduced == 0) {
    report.add(diag::bad_argument,
               "axis is ({}); data has {} dimensions, of which the last ones are reduced, never "
               "dimension 0",
               axis_text(axis), a.tile.rank());
    return;
  }
  rules::free_elements_are(report, d, a.tile.free_elements() / reduced);
}

void TensorReduce::execute(TileMemory& memory) const {
  const TileAccess d = memory.access(dst), a = memory.access(data);
  if (d.elements == 0) return;
  const int64_t reduced = a.elements / d.elements;
  for (int64_t p = 0; p < d.partitions; ++p) {
    for (int64_t j = 0; j < d.elements; ++j) {
      if (info(op).bitvec) {
        d.set_bits(p, j, reduce_bits(op, a, p, j * reduced, reduced));
      } else {
        const float result = reduce(op, a, p, j * reduced, reduced);
        d.set(p, j, negate ? -result : result);
      }
    }
  }
}

}  // namespace kiln
