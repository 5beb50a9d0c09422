// max8, nc_find_index8 and nc_match_replace8, at the CPU level of the including file. Most elements
// are neither among the largest nor looked for: whole vectors of them are passed over, and only the
// others are taken one by one.
#pragma once

#include "kiln/executor/routines/stream/stream.h"
#include "kiln/isa/max8.h"
#include "kiln/isa/nc_find_index8.h"
#include "kiln/isa/nc_match_replace8.h"

namespace kiln::KILN_CPU_LEVEL {

namespace {

constexpr Floats f32;

// Elements that are passed over at once.
constexpr int64_t stride_vectors = 4;
constexpr int64_t stride = stride_vectors * lanes;

// Results of all partitions fit in one block.
static_assert(PartitionOperand::partitions_max * eight <= block_max);

// The partitions of a tile as float32: where they are, or copied.
class FloatRows {
 public:
  FloatRows(const TileAccess& a, bool always_copy)
      : access_(a),
        direct_(!always_copy && a.dtype == DType::float32 && a.contiguous()),
        copy_(direct_ ? nullptr : routines::workspace(routines::Slot::moving, a.elements)) {}

  const float* row(int64_t p) const {
    if (direct_) return reinterpret_cast<const float*>(access_.row(p));
    Source(Sequence(access_, p, 1)).copy(access_.elements, copy_);
    return copy_;
  }

 private:
  const TileAccess& access_;
  bool direct_;
  float* copy_;
};

// Calls element(i) for the elements of a row that `wanted(vector)` gives, and some others, in
// order; until it returns false. What it gives, `likely` gives too, for less. Both may change in
// between.
template <class Likely, class Wanted, class Element>
HWY_INLINE void for_each_wanted(const float* row, int64_t first, int64_t n, const Likely& likely,
                                const Wanted& wanted, const Element& element) {
  int64_t i = first;
  for (; i + stride <= n; i += stride) {
    auto any = likely(hn::LoadU(f32, row + i));
    HWY_UNROLL(3)
    for (int64_t v = 1; v < stride_vectors; ++v) {
      any = hn::Or(any, likely(hn::LoadU(f32, row + i + v * lanes)));
    }
    if (hn::AllFalse(f32, any)) continue;
    for (int64_t v = i; v < i + stride; v += lanes) {
      if (hn::AllFalse(f32, wanted(hn::LoadU(f32, row + v)))) continue;
      for (int64_t j = v; j < v + lanes; ++j) {
        if (!element(j)) return;
      }
    }
  }
  for (; i < n; ++i) {
    if (!element(i)) return;
  }
}

// The largest elements so far, descending. NaN is below all else.
class Largest {
 public:
  explicit Largest(float* at) : at_(at) {}

  bool full() const { return count_ == eight; }
  float least() const { return at_[eight - 1]; }

  void insert(float x) {
    if (full() && !is_larger(x, least())) return;
    int64_t place = full() ? eight - 1 : count_++;
    for (; place > 0 && is_larger(x, at_[place - 1]); --place) at_[place] = at_[place - 1];
    at_[place] = x;
  }

 private:
  static bool is_larger(float a, float b) { return a > b || (b != b && a == a); }

  float* at_;
  int64_t count_ = 0;
};

void largest_eight(const float* row, int64_t n, float* at) {
  Largest largest(at);
  int64_t i = 0;
  // From here on the least is a number, and only what is greater counts.
  for (; i < n && !(largest.full() && largest.least() == largest.least()); ++i) {
    largest.insert(row[i]);
  }
  auto least = hn::Set(f32, largest.least());
  const auto counts = [&](Vec<Floats> x) { return hn::Gt(x, least); };
  for_each_wanted(row, i, n, counts, counts, [&](int64_t j) {
    if (row[j] > largest.least()) {
      largest.insert(row[j]);
      least = hn::Set(f32, largest.least());
    }
    return true;
  });
}

// Values that have not been found yet, in the order in which equal ones are.
class Search {
 public:
  Search(const float* values, Duplicates duplicates, uint32_t* found) : found_(found) {
    for (int64_t k = 0; k < eight; ++k) {
      const int64_t column = duplicates == Duplicates::descending ? eight - 1 - k : k;
      if (values[column] != values[column]) continue;
      value_[left_] = values[column];
      column_[left_] = column;
      ++left_;
    }
    set_range();
  }

  bool done() const { return left_ == 0; }
  HWY_INLINE auto within(Vec<Floats> x) const { return hn::And(hn::Ge(x, low_), hn::Le(x, high_)); }

  HWY_INLINE auto equal(Vec<Floats> x) const {
    auto any = hn::Eq(x, hn::Set(f32, value_[0]));
    for (int64_t k = 1; k < left_; ++k) any = hn::Or(any, hn::Eq(x, hn::Set(f32, value_[k])));
    return any;
  }

  void match(float x, int64_t i) {
    int64_t k = 0;
    while (k < left_ && value_[k] != x) ++k;
    if (k == left_) return;
    found_[column_[k]] = static_cast<uint32_t>(i);
    --left_;
    for (; k < left_; ++k) {
      value_[k] = value_[k + 1];
      column_[k] = column_[k + 1];
    }
    set_range();
  }

 private:
  void set_range() {
    float low = value_[0], high = value_[0];
    for (int64_t k = 1; k < left_; ++k) {
      low = value_[k] < low ? value_[k] : low;
      high = value_[k] > high ? value_[k] : high;
    }
    low_ = hn::Set(f32, low);
    high_ = hn::Set(f32, high);
  }

  uint32_t* found_;
  int64_t left_ = 0;
  float value_[eight] = {};
  int64_t column_[eight] = {};
  Vec<Floats> low_, high_;
};

// Which elements of the row the values find; `found` is left as it is for the others.
void find_eight(const float* row, int64_t n, const float* values, Duplicates duplicates,
                uint32_t* found) {
  Search search(values, duplicates, found);
  if (search.done()) return;
  for_each_wanted(
      row, 0, n, [&](Vec<Floats> x) { return search.within(x); },
      [&](Vec<Floats> x) { return search.equal(x); },
      [&](int64_t i) {
        search.match(row[i], i);
        return !search.done();
      });
}

void put(const TileAccess& d, int64_t p, int64_t i, uint32_t word) {
  std::byte* at = d.row(p);
  for (int k = d.rank - 1; k >= 0; --k) {
    at += i % d.shape.at[k] * d.stride.at[k];
    i /= d.shape.at[k];
  }
  std::memcpy(at, &word, static_cast<size_t>(size_bytes(d.dtype)));
}

// Partition p of `a` to partition p of `d`, of the same type.
void copy_row(const TileAccess& d, const TileAccess& a, int64_t p, float* scratch) {
  const Sequence from(a, p, 1), to(d, p, 1);
  Cursor source(from), sink(to);
  gather(source, reinterpret_cast<std::byte*>(scratch), a.elements);
  scatter(reinterpret_cast<const std::byte*>(scratch), sink, d.elements);
}

void write_row(const TileAccess& d, int64_t p, const float* row) {
  Sink sink{Sequence(d, p, 1)};
  for (int64_t i = 0; i < d.elements; i += block_max) {
    sink.close(d.elements - i < block_max ? d.elements - i : block_max, row + i);
  }
}

// Eight words of each partition, all `word`.
uint32_t* words_of(Scratch& scratch, int64_t partitions, int32_t word) {
  auto* words = reinterpret_cast<uint32_t*>(scratch.at);
  for (int64_t i = 0; i < partitions * eight; ++i) words[i] = static_cast<uint32_t>(word);
  return words;
}

}  // namespace

bool max8(const Max8& t, TileMemory& memory) {
  const TileAccess d = memory.access(t.dst), s = memory.access(t.src);
  if (memory.fault()) return true;
  const FloatRows rows(s, false);
  Scratch largest;
  for (int64_t p = 0; p < d.partitions; ++p) {
    largest_eight(rows.row(p), s.elements, largest.at + p * eight);
  }
  Sink(d).close(d.partitions * eight, largest.at);
  return true;
}

bool nc_find_index8(const NcFindIndex8& t, TileMemory& memory) {
  const TileAccess d = memory.access(t.dst), a = memory.access(t.data), v = memory.access(t.vals);
  if (memory.fault()) return true;
  const FloatRows rows(a, false);
  Scratch values, indices;
  Source(v).copy(d.partitions * eight, values.at);
  uint32_t* found = words_of(indices, d.partitions, t.missing);
  for (int64_t p = 0; p < d.partitions; ++p) {
    find_eight(rows.row(p), a.elements, values.at + p * eight, Duplicates::ascending,
               found + p * eight);
  }
  Sink(d, As::bits).close(d.partitions * eight, indices.at);
  return true;
}

bool nc_match_replace8(const NcMatchReplace8& t, TileMemory& memory) {
  const TileAccess d = memory.access(t.dst), a = memory.access(t.data), v = memory.access(t.vals);
  const TileAccess x = t.dst_idx.given() ? memory.access(t.dst_idx) : TileAccess{};
  if (memory.fault()) return true;
  if (!routines::may_stream(d, a)) return false;
  const bool in_place = !routines::disjoint(d, a), same_dtype = d.dtype == a.dtype;
  const FloatRows rows(a, in_place);
  const uint32_t imm = routines::stored_constant(d.dtype, t.imm);
  float* scratch = routines::workspace(routines::Slot::panel, a.elements);
  Scratch values, indices;
  Source(v).copy(d.partitions * eight, values.at);
  constexpr uint32_t nowhere = ~0u;
  uint32_t* found = words_of(indices, d.partitions, -1);
  for (int64_t p = 0; p < d.partitions; ++p, found += eight) {
    const float* row = rows.row(p);
    find_eight(row, a.elements, values.at + p * eight, t.duplicates, found);
    if (!same_dtype) {
      write_row(d, p, row);
    } else if (!in_place) {
      copy_row(d, a, p, scratch);
    }
    for (int64_t k = 0; k < eight; ++k) {
      if (found[k] == nowhere) {
        found[k] = static_cast<uint32_t>(t.missing);
      } else {
        put(d, p, found[k], imm);
      }
    }
  }
  if (t.dst_idx.given()) Sink(x, As::bits).close(x.partitions * eight, indices.at);
  return true;
}

}  // namespace kiln::KILN_CPU_LEVEL
