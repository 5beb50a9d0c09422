// Selections and index patterns, at the CPU level of the including file.
#pragma once

#include <bit>

#include "kiln/executor/routines/alu/vector_ops.h"
#include "kiln/executor/routines/reduce/results.h"
#include "kiln/executor/routines/stream/stream.h"
#include "kiln/isa/affine_select.h"
#include "kiln/isa/iota.h"
#include "kiln/isa/range_select.h"
#include "kiln/isa/select_reduce.h"
#include "kiln/isa/tensor_copy_predicated.h"

namespace kiln::KILN_CPU_LEVEL {

namespace {

constexpr Floats f32;
constexpr Words u32;
constexpr Ints i32;

uint32_t* as_words(float* p) { return reinterpret_cast<uint32_t*>(p); }
const uint32_t* as_words(const float* p) { return reinterpret_cast<const uint32_t*>(p); }

// The values of an affine pattern for free elements 0 … elements-1, modulo 2^32, without the
// partition's part.
const uint32_t* pattern_values(const Pattern& pattern, int64_t elements) {
  uint32_t* values = as_words(routines::workspace(routines::Slot::panel, elements));
  values[0] = 0;
  int64_t count = 1;
  for (int d = pattern.rank - 1; d >= 0; --d) {
    const Pattern::Dim& dim = pattern.dims[static_cast<size_t>(d)];
    for (int64_t i = 1; i < dim.num; ++i) {
      const auto shift = static_cast<uint32_t>(i * dim.step);
      for (int64_t j = 0; j < count; ++j) values[i * count + j] = values[j] + shift;
    }
    count *= dim.num;
  }
  return values;
}

uint32_t partition_value(int32_t offset, int32_t channel_multiplier, int64_t p) {
  return static_cast<uint32_t>(offset) +
         static_cast<uint32_t>(p) * static_cast<uint32_t>(channel_multiplier);
}

// Calls row(partition, first element, count, place in the block) for each row of a block.
template <class Row>
HWY_INLINE void for_each_row(const Block& block, const Row& row) {
  const int64_t n = block.row_elements();
  for (int64_t r = 0; r < block.partitions; ++r) {
    row(block.partition + r, block.first, n, r * n);
  }
}

// Calls fn(comparison), which takes two vectors of D and gives a mask, for any comparison operator.
template <class D, class Fn>
HWY_INLINE void with_comparison(D d, AluOp op, const Fn& fn) {
  using V = Vec<D>;
  switch (op) {
    case AluOp::equal:
      return fn([](V a, V b) { return hn::Eq(a, b); });
    case AluOp::not_equal:
      return fn([=](V a, V b) { return vector_ops::differ(d, a, b); });
    case AluOp::greater_equal:
      return fn([=](V a, V b) { return vector_ops::at_least(d, a, b); });
    case AluOp::greater:
      return fn([](V a, V b) { return hn::Gt(a, b); });
    case AluOp::less_equal:
      return fn([=](V a, V b) { return vector_ops::at_least(d, b, a); });
    default:
      return fn([](V a, V b) { return hn::Lt(a, b); });
  }
}

}  // namespace

bool iota(const Iota& t, TileMemory& memory) {
  const TileAccess d = memory.access(t.dst);
  if (memory.fault() || d.elements == 0) return true;
  const uint32_t* pattern = pattern_values(t.pattern, d.elements);
  // Integers take the low bits; no value passes through float32.
  const bool bits = is_integer(d.dtype), flags = d.dtype == DType::bool_;
  Sink sink(d, bits ? As::bits : As::value);
  Scratch scratch;
  for_each_block(
      d.partitions, d.elements, [&](int64_t n) { return sink.limit(n); },
      [&](const Block& block) {
        float* out = sink.open(block.elements, scratch.at);
        for_each_row(block, [&](int64_t p, int64_t first, int64_t n, int64_t at) {
          const auto base = hn::Set(u32, partition_value(t.offset, t.channel_multiplier, p));
          for_each_vector(n, [&](int64_t i, auto extent) {
            auto words = hn::Add(base, load(u32, pattern + first + i, extent));
            if (flags) words = vector_ops::one_if(u32, vector_ops::nonzero(u32, words));
            if (!bits) words = hn::BitCast(u32, hn::ConvertTo(f32, hn::BitCast(i32, words)));
            store(u32, words, as_words(out) + at + i, extent);
          });
        });
        sink.close(block.elements, out);
      });
  return true;
}

bool affine_select(const AffineSelect& t, TileMemory& memory) {
  const TileAccess d = memory.access(t.dst), in = memory.access(t.on_true_tile);
  if (memory.fault() || d.elements == 0) return true;
  if (!routines::may_stream(d, in)) return false;
  const uint32_t* pattern = pattern_values(t.pattern, d.elements);
  // With the same type on both sides, bits are passed on; else values.
  const As as = d.dtype == in.dtype ? As::bits : As::value;
  const auto other =
      hn::Set(u32, as == As::bits ? routines::stored_constant(d.dtype, t.on_false_value)
                                  : std::bit_cast<uint32_t>(t.on_false_value));
  Source source(in, as);
  Sink sink(d, as);
  Scratch x, y;
  with_comparison(i32, t.cmp_op, [&](const auto& compare) {
    for_each_block(
        d.partitions, d.elements, [&](int64_t n) { return source.limit(sink.limit(n)); },
        [&](const Block& block) {
          const uint32_t* from = as_words(source.read(block.elements, x.at));
          float* out = sink.open(block.elements, y.at);
          for_each_row(block, [&](int64_t p, int64_t first, int64_t n, int64_t at) {
            const auto base = hn::Set(u32, partition_value(t.offset, t.channel_multiplier, p));
            for_each_vector(n, [&](int64_t i, auto extent) {
              const auto value = hn::Add(base, load(u32, pattern + first + i, extent));
              const auto selected = compare(hn::BitCast(i32, value), hn::Zero(i32));
              const auto words = hn::IfThenElse(hn::RebindMask(u32, selected),
                                                load(u32, from + at + i, extent), other);
              store(u32, words, as_words(out) + at + i, extent);
            });
          });
          sink.close(block.elements, out);
        });
  });
  return true;
}

namespace {

// Column numbers first … last.
struct Range {
  int32_t first, last;
};

// The whole numbers that compare with `bound` as `op` says. Beyond 2^25 there are no columns.
Range columns_where(AluOp op, float bound) {
  constexpr int32_t far = 1 << 25;
  constexpr Range none{0, -1};
  if (!(bound == bound)) return none;
  const double value = bound < -far ? -far : bound > far ? far : bound;
  const auto below = static_cast<int32_t>(std::floor(value));
  const auto above = static_cast<int32_t>(std::ceil(value));
  switch (op) {
    case AluOp::equal:
      return below == above ? Range{below, below} : none;
    case AluOp::less:
      return {-far, above - 1};
    case AluOp::less_equal:
      return {-far, below};
    case AluOp::greater:
      return {below + 1, far};
    default:
      return {above, far};
  }
}

int64_t clamp_to(int64_t value, int64_t n) { return value < 0 ? 0 : value > n ? n : value; }

// out[i] = x[i] where column number `first` + i is within the range, else `other`.
void select_range(const float* x, int64_t first, Range range, float other, float* out, int64_t n) {
  const int64_t begin = clamp_to(range.first - first, n);
  int64_t end = clamp_to(range.last + int64_t{1} - first, n);
  if (end < begin) end = begin;
  for (int64_t i = 0; i < begin; ++i) out[i] = other;
  if (out != x) {
    std::memcpy(out + begin, x + begin, static_cast<size_t>(end - begin) * sizeof(float));
  }
  for (int64_t i = end; i < n; ++i) out[i] = other;
}

}  // namespace

bool range_select(const RangeSelect& t, TileMemory& memory) {
  const TileAccess d = memory.access(t.dst), in = memory.access(t.on_true_tile);
  const PartitionOperand low(memory, InOrScalar(t.bound0.view)),
      high(memory, InOrScalar(t.bound1.view));
  if (memory.fault()) return true;
  if (!routines::may_stream(d, in) || !low.may_stream(d) || !high.may_stream(d)) return false;
  Accumulators totals(memory, Engine::vector, t.on_true_tile.view, t.reduce_op, t.reduce_cmd);
  Source source(in);
  Scratch x;
  write_results(
      memory, d, totals, t.reduce_res, false, [&](int64_t n) { return source.limit(n); },
      [&](const Block& block, float* out) {
        const float* from = source.read(block.elements, x.at);
        for_each_row(block, [&](int64_t p, int64_t first, int64_t n, int64_t at) {
          const Range a = columns_where(t.comp_op0, low.value(p));
          const Range b = columns_where(t.comp_op1, high.value(p));
          const Range both{a.first > b.first ? a.first : b.first,
                           a.last < b.last ? a.last : b.last};
          select_range(from + at, t.range_start + first, both, t.on_false_value, out + at, n);
        });
      });
  return true;
}

bool select_reduce(const SelectReduce& t, TileMemory& memory) {
  const TileAccess d = memory.access(t.dst), in = memory.access(t.on_true);
  const TileAccess predicate = memory.access(t.predicate);
  const PartitionOperand otherwise(memory, t.on_false);
  if (memory.fault()) return true;
  if (!routines::may_stream(d, in) || !routines::may_stream(d, predicate) ||
      !otherwise.may_stream(d)) {
    return false;
  }
  Accumulators totals(memory, Engine::vector, t.on_true.view, t.reduce_op, t.reduce_cmd);
  Source source(in), flags(predicate, As::bits);
  Scratch x, y;
  write_results(
      memory, d, totals, t.reduce_res, false,
      [&](int64_t n) { return source.limit(flags.limit(n)); },
      [&](const Block& block, float* out) {
        const float* from = source.read(block.elements, x.at);
        const uint32_t* flag = as_words(flags.read(block.elements, y.at));
        for_each_row(block, [&](int64_t p, int64_t, int64_t n, int64_t at) {
          const auto other = hn::Set(f32, otherwise.value(p));
          for_each_vector(n, [&](int64_t i, auto extent) {
            const auto value = load(f32, from + at + i, extent);
            const auto zero = hn::Eq(load(u32, flag + at + i, extent), hn::Zero(u32));
            const auto is_zero = hn::RebindMask(f32, zero);
            store(f32,
                  t.reverse_pred ? hn::IfThenElse(is_zero, value, other)
                                 : hn::IfThenElse(is_zero, other, value),
                  out + at + i, extent);
          });
        });
      });
  return true;
}

bool tensor_copy_predicated(const TensorCopyPredicated& t, TileMemory& memory) {
  const TileAccess d = memory.access(t.dst), predicate = memory.access(t.predicate);
  const bool from_tile = t.src.is_tile();
  const TileAccess s = from_tile ? memory.access(t.src) : d;
  if (memory.fault()) return true;
  if (!routines::may_stream(d, s) || !routines::may_stream(d, predicate)) return false;
  const auto constant = hn::Set(u32, from_tile ? 0 : routines::stored_constant(d.dtype, t.src));
  Source kept(d, As::bits), copied(s, As::bits), flags(predicate, As::bits);
  Sink sink(d, As::bits);
  Scratch x, y, z, out_scratch;
  for_each_block(
      d.partitions * d.elements,
      [&](int64_t n) { return kept.limit(copied.limit(flags.limit(n))); },
      [&](int64_t n) {
        const uint32_t* old = as_words(kept.read(n, x.at));
        const uint32_t* from = from_tile ? as_words(copied.read(n, y.at)) : old;
        const uint32_t* flag = as_words(flags.read(n, z.at));
        float* out = sink.open(n, out_scratch.at);
        for_each_vector(n, [&](int64_t i, auto extent) {
          const auto value = from_tile ? load(u32, from + i, extent) : constant;
          const auto other = load(u32, old + i, extent);
          const auto is_zero = hn::Eq(load(u32, flag + i, extent), hn::Zero(u32));
          const auto words = t.reverse_pred ? hn::IfThenElse(is_zero, value, other)
                                            : hn::IfThenElse(is_zero, other, value);
          store(u32, words, as_words(out) + i, extent);
        });
        sink.close(n, out);
      });
  return true;
}

}  // namespace kiln::KILN_CPU_LEVEL
