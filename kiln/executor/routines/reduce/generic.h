// Reductions, at the CPU level of the including file.
#pragma once

#include "kiln/executor/routines/alu/alu.h"
#include "kiln/executor/routines/alu/vector_ops.h"
#include "kiln/executor/routines/reduce/results.h"
#include "kiln/executor/routines/stream/stream.h"
#include "kiln/isa/bn_aggr.h"
#include "kiln/isa/bn_stats.h"
#include "kiln/isa/tensor_partition_reduce.h"
#include "kiln/isa/tensor_reduce.h"
#include "kiln/isa/tensor_scalar_reduce.h"

namespace kiln::KILN_CPU_LEVEL {

namespace {

constexpr Floats f32;
constexpr Words u32;

// All lanes hold the result of all lanes. Highway's functions are found by their arguments, because
// vectors of one element have none of them.
template <class D, class Op>
HWY_INLINE Vec<D> across_lanes(D d, Vec<D> v, const Op& op) {
  if constexpr (lanes >= 4) v = op(v, Shuffle2301(v));
  if constexpr (lanes >= 4) v = op(v, Shuffle1032(v));
  if constexpr (lanes >= 8) v = op(v, SwapAdjacentBlocks(v));
  if constexpr (lanes >= 16) v = op(v, ConcatLowerUpper(d, v, v));
  return v;
}

// The maximum or minimum of a row of at least a vector, in any order. `op(a, b)` is a where b is
// NaN; `start` is the value that no number is beyond.
template <class Op>
float extreme_of_numbers(const float* row, int64_t n, float start, const Op& op) {
  constexpr int64_t chains = 4;
  Vec<Floats> best[chains];
  for (auto& b : best) b = hn::Set(f32, start);
  int64_t i = 0;
  for (; i + chains * lanes <= n; i += chains * lanes) {
    HWY_UNROLL(4)
    for (int64_t c = 0; c < chains; ++c) {
      best[c] = op(best[c], hn::LoadU(f32, row + i + c * lanes));
    }
  }
  for (; i + lanes <= n; i += lanes) best[0] = op(best[0], hn::LoadU(f32, row + i));
  // The last vector may overlap what came before.
  best[1] = op(best[1], hn::LoadU(f32, row + n - lanes));
  const auto all = op(op(best[0], best[1]), op(best[2], best[3]));
  return hn::GetLane(across_lanes(f32, all, op));
}

// total op the row's elements, for maximum and minimum. Their order can only change the sign of a
// zero; and a result at the start value may also come from a row without numbers.
float fold_extreme(AluOp op, const float* row, int64_t n, float total) {
  constexpr float infinity = __builtin_huge_valf();
  using V = Vec<Floats>;
  const float extreme =
      op == AluOp::maximum
          ? extreme_of_numbers(row, n, -infinity,
                               [](V a, V b) { return hn::IfThenElse(hn::Gt(b, a), b, a); })
          : extreme_of_numbers(row, n, infinity,
                               [](V a, V b) { return hn::IfThenElse(hn::Lt(b, a), b, a); });
  if (extreme != 0 && std::fabs(extreme) < infinity) return apply(op, total, extreme);
  for (int64_t i = 0; i < n; ++i) total = apply(op, total, row[i]);
  return total;
}

template <class D, class Op>
void fold_columns(D d, const RowGroup& rows, int64_t count, int64_t n, float* totals,
                  const Op& op) {
  using T = hn::TFromD<D>;
  T* words = reinterpret_cast<T*>(totals);
  T padded[lanes] = {};
  std::memcpy(padded, words, static_cast<size_t>(count) * sizeof(T));
  auto total = hn::LoadU(d, padded);
  for_each_column(rows, n, [&](Vec<Floats> column) { total = op(total, hn::BitCast(d, column)); });
  hn::StoreU(total, d, padded);
  std::memcpy(words, padded, static_cast<size_t>(count) * sizeof(T));
}

bool is_logical(AluOp op) {
  return op == AluOp::logical_and || op == AluOp::logical_or || op == AluOp::logical_xor;
}

// Rows of a stream, a group at a time, where they are or copied.
class Rows {
 public:
  Rows(const TileAccess& a, int64_t row_elements, As as)
      : source_(a, as),
        row_elements_(row_elements),
        copy_(routines::workspace(routines::Slot::moving, lanes * row_elements)) {}

  RowGroup next(int64_t count) {
    const float* at[lanes];
    if (count * row_elements_ <= block_max) {
      const float* all = source_.read(count * row_elements_, copy_);
      return row_group(count, [&](int64_t i) { return all + i * row_elements_; });
    }
    for (int64_t i = 0; i < count; ++i) {
      float* scratch = copy_ + i * row_elements_;
      if (row_elements_ <= block_max) {
        at[i] = source_.read(row_elements_, scratch);
      } else {
        source_.copy(row_elements_, scratch);
        at[i] = scratch;
      }
    }
    return row_group(count, [&](int64_t i) { return at[i]; });
  }

 private:
  Source source_;
  int64_t row_elements_;
  float* copy_;
};

// Where the reduced dimension is the outer one in memory: whole blocks of results are combined with
// the blocks that lie beside each other. False if the data are not so.
bool reduce_outer(const TensorReduce& t, const TileAccess& d, const TileAccess& a) {
  const int64_t size = size_bytes(a.dtype), n = a.elements / d.elements;
  if (info(t.op).bitvec || is_logical(t.op) || a.rank != 2 || a.stride.at[0] != size ||
      a.shape.at[0] != d.elements || a.shape.at[1] != n || d.elements < lanes) {
    return false;
  }
  const Conversion widen = conversion(a.dtype, As::value);
  Sink sink(d);
  Scratch total, next;
  for (int64_t p = 0; p < d.partitions; ++p) {
    for (int64_t first = 0; first < d.elements; first += block_max) {
      const int64_t count = d.elements - first < block_max ? d.elements - first : block_max;
      const std::byte* from = a.row(p) + first * size;
      const auto block = [&](int64_t i, float* scratch) {
        const std::byte* at = from + i * a.stride.at[1];
        if (widen.read == nullptr) return reinterpret_cast<const float*>(at);
        widen.read(at, scratch, count);
        return const_cast<const float*>(scratch);
      };
      const float* left = block(0, total.at);
      for (int64_t i = 1; i < n; ++i) {
        alu(Arithmetic::float32, t.op, {left}, {block(i, next.at)}, total.at, count);
        left = total.at;
      }
      if (t.negate) {
        const float minus_one = -1;
        alu(Arithmetic::float32, AluOp::multiply, {left}, {&minus_one, true}, total.at, count);
        left = total.at;
      }
      sink.close(count, left);
    }
  }
  return true;
}

}  // namespace

void fold(AluOp op, const RowGroup& rows, int64_t count, int64_t n, float* totals) {
  if (n >= lanes && (op == AluOp::maximum || op == AluOp::minimum)) {
    for (int64_t i = 0; i < count; ++i) totals[i] = fold_extreme(op, rows.at[i], n, totals[i]);
    return;
  }
  with_float_op(op, [&](const auto& f) { fold_columns(f32, rows, count, n, totals, f); });
}

void fold_bits(AluOp op, const RowGroup& rows, int64_t count, int64_t n, float* totals) {
  with_bit_op(op, [&](const auto& f) { fold_columns(u32, rows, count, n, totals, f); });
}

bool tensor_reduce(const TensorReduce& t, TileMemory& memory) {
  const TileAccess d = memory.access(t.dst), a = memory.access(t.data);
  if (memory.fault() || d.elements == 0) return true;
  if (!routines::disjoint(d, a)) return false;
  if (reduce_outer(t, d, a)) return true;
  const bool bits = info(t.op).bitvec;
  const As as = bits ? As::bits : As::value;
  const int64_t n = a.elements / d.elements, results = d.partitions * d.elements;
  Rows rows(a, n, as);
  Sink sink(d, as);
  float totals[lanes];
  for (int64_t r = 0; r < results; r += lanes) {
    const int64_t count = results - r < lanes ? results - r : lanes;
    RowGroup group = rows.next(count);
    int64_t rest = n;
    if (is_logical(t.op)) {
      for (int64_t i = 0; i < count; ++i) totals[i] = reduction_identity(t.op);
    } else {
      for (int64_t i = 0; i < count; ++i) totals[i] = *group.at[i];
      for (const float*& row : group.at) ++row;
      --rest;
    }
    if (bits) {
      fold_bits(t.op, group, count, rest, totals);
    } else {
      fold(t.op, group, count, rest, totals);
    }
    if (t.negate) {
      for (int64_t i = 0; i < count; ++i) totals[i] = -totals[i];
    }
    sink.close(count, totals);
  }
  return true;
}

bool tensor_partition_reduce(const TensorPartitionReduce& t, TileMemory& memory) {
  const TileAccess d = memory.access(t.dst), a = memory.access(t.data);
  if (memory.fault()) return true;
  const bool bits = info(t.op).bitvec, average = t.op == AluOp::average;
  const As as = bits ? As::bits : As::value;
  const Arithmetic arithmetic = bits ? Arithmetic::bits : Arithmetic::float32;
  const int64_t n = a.elements;
  const auto block = [n](int64_t first) { return n - first < block_max ? n - first : block_max; };
  float* total = routines::workspace(routines::Slot::result, n);
  Source(Sequence(a, 0, 1), as).copy(n, total);
  Scratch scratch;
  for (int64_t p = 1; p < a.partitions; ++p) {
    Source row(Sequence(a, p, 1), as);
    for (int64_t i = 0; i < n; i += block_max) {
      const float* next = row.read(block(i), scratch.at);
      alu(arithmetic, average ? AluOp::add : t.op, {total + i}, {next}, total + i, block(i));
    }
  }
  const auto partitions = static_cast<float>(a.partitions);
  if (average) alu(arithmetic, AluOp::divide, {total}, {&partitions, true}, total, n);
  Sink sink(d, as);
  for (int64_t i = 0; i < n; i += block_max) sink.close(block(i), total + i);
  return true;
}

bool tensor_scalar_reduce(const TensorScalarReduce& t, TileMemory& memory) {
  const TileAccess d = memory.access(t.dst), a = memory.access(t.data);
  const PartitionOperand operand(memory, t.operand0);
  if (memory.fault()) return true;
  if (!routines::may_stream(d, a) || !operand.may_stream(d)) return false;
  Accumulators totals(memory, Engine::vector, t.data.view, t.reduce_op, t.reduce_cmd,
                      t.reduce_init);
  Source source(a);
  Scratch x, y;
  write_results(
      memory, d, totals, t.reduce_res, t.reduce_res_negate,
      [&](int64_t n) { return source.limit(n); },
      [&](const Block& block, float* out) {
        const float* from = source.read(block.elements, x.at);
        const Operand other = operand.block(block, y.at);
        alu(Arithmetic::float32, t.op0, {from}, other, out, block.elements);
      });
  return true;
}

namespace {

// Count, mean and variance * count of every second column from `first` on.
struct Stats {
  float count;
  Vec<Floats> mean, squares;
};

Stats stats_of_half(const RowGroup& rows, int64_t n, int64_t first) {
  Stats s{static_cast<float>((n - first + 1) / 2), hn::Zero(f32), hn::Zero(f32)};
  if (s.count == 0) return s;
  auto sum = hn::Zero(f32);
  int64_t j = 0;
  for_each_column(rows, n, [&](Vec<Floats> column) {
    if (j++ % 2 == first) sum = hn::Add(sum, column);
  });
  s.mean = hn::Div(sum, hn::Set(f32, s.count));
  j = 0;
  for_each_column(rows, n, [&](Vec<Floats> column) {
    const auto deviation = hn::Sub(column, s.mean);
    if (j++ % 2 == first) s.squares = hn::Add(s.squares, hn::Mul(deviation, deviation));
  });
  return s;
}

// Writes columns of results, `width` for each row, to the next `count` rows of the sink.
void write_columns(Sink& sink, const Vec<Floats>* columns, int64_t width, int64_t count) {
  Scratch words;
  for (int64_t j = 0; j < width; ++j) {
    float column[lanes];
    hn::StoreU(columns[j], f32, column);
    for (int64_t i = 0; i < count; ++i) words.at[i * width + j] = column[i];
  }
  sink.close(count * width, words.at);
}

}  // namespace

bool bn_stats(const BnStats& t, TileMemory& memory) {
  const TileAccess d = memory.access(t.dst), a = memory.access(t.data);
  if (memory.fault()) return true;
  if (!routines::disjoint(d, a)) return false;
  Rows rows(a, a.elements, As::value);
  Sink sink(d);
  for (int64_t p = 0; p < d.partitions; p += lanes) {
    const int64_t count = d.partitions - p < lanes ? d.partitions - p : lanes;
    const RowGroup group = rows.next(count);
    const Stats even = stats_of_half(group, a.elements, 0);
    const Stats odd = stats_of_half(group, a.elements, 1);
    const Vec<Floats> columns[] = {hn::Set(f32, even.count), even.mean, even.squares,
                                   hn::Set(f32, odd.count),  odd.mean,  odd.squares};
    write_columns(sink, columns, 6, count);
  }
  return true;
}

bool bn_aggr(const BnAggr& t, TileMemory& memory) {
  const TileAccess d = memory.access(t.dst), a = memory.access(t.data);
  if (memory.fault()) return true;
  if (!routines::disjoint(d, a)) return false;
  Rows rows(a, a.elements, As::value);
  Sink sink(d);
  for (int64_t p = 0; p < d.partitions; p += lanes) {
    const int64_t partitions = d.partitions - p < lanes ? d.partitions - p : lanes;
    const RowGroup group = rows.next(partitions);
    // Columns come in threes: count, mean, variance * count.
    auto total = hn::Zero(f32), sum = total, count = total, mean = total, squares = total;
    int64_t j = 0;
    for_each_column(group, a.elements, [&](Vec<Floats> column) {
      const int64_t kind = j++ % 3;
      if (kind == 0) {
        count = column;
        total = hn::Add(total, count);
      } else if (kind == 1) {
        sum = hn::Add(sum, hn::Mul(count, column));
      }
    });
    mean = hn::Div(sum, total);
    j = 0;
    auto shift = hn::Zero(f32);
    for_each_column(group, a.elements, [&](Vec<Floats> column) {
      const int64_t kind = j++ % 3;
      if (kind == 0) {
        count = column;
      } else if (kind == 1) {
        shift = hn::Sub(column, mean);
      } else {
        const auto between = hn::Mul(hn::Mul(count, shift), shift);
        squares = hn::Add(squares, hn::Add(column, between));
      }
    });
    const Vec<Floats> columns[] = {mean, hn::Div(squares, total)};
    write_columns(sink, columns, 2, partitions);
  }
  return true;
}

}  // namespace kiln::KILN_CPU_LEVEL
