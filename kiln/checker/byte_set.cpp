#include "kiln/checker/byte_set.h"

#include <algorithm>
#include <bit>

namespace kiln {

namespace {

constexpr int64_t word_bits = 64;

// More runs than this are kept bit by bit.
constexpr size_t runs_max = 32;

// Calls fn(word number, mask of its bits) for the words that hold bits [first, end).
template <class Fn>
void for_each_word(int64_t first, int64_t end, Fn&& fn) {
  for (int64_t word = first / word_bits; word * word_bits < end; ++word) {
    const int64_t low = std::max(first - word * word_bits, int64_t{0});
    const int64_t high = std::min(end - word * word_bits, word_bits);
    const uint64_t up_to_high = high == word_bits ? ~uint64_t{0} : (uint64_t{1} << high) - 1;
    fn(static_cast<size_t>(word), up_to_high & (~uint64_t{0} << low));
  }
}

}  // namespace

ByteSet::ByteSet(const Storage& storage)
    : on_chip_(storage.on_chip()),
      width_(on_chip_ ? storage.row_bytes()
                      : storage.shape[storage.rank - 1] * size_bytes(storage.dtype)),
      rows_{{.end = on_chip_ ? storage.partitions() : storage.row_bytes() / width_}} {}

void ByteSet::add_all() { rows_ = {{.end = rows_.back().end, .count = width_}}; }

void ByteSet::clear() { rows_ = {{.end = rows_.back().end}}; }

int64_t ByteSet::bytes() const {
  int64_t bytes = 0, first = 0;
  for (const Rows& rows : rows_) {
    bytes += (rows.end - first) * rows.count;
    first = rows.end;
  }
  return bytes;
}

// Calls fn(part) for bytes [first, end) of an HBM tensor, as whole rows and parts of rows.
template <class Fn>
void ByteSet::for_each_row_part(int64_t first, int64_t end, Fn&& fn) const {
  while (first < end) {
    const int64_t row = first / width_, byte = first % width_;
    const int64_t whole = byte == 0 ? (end - first) / width_ : 0;
    const int64_t run = whole > 0 ? width_ : std::min(end - first, width_ - byte);
    const int64_t rows = std::max(whole, int64_t{1});
    fn(Footprint{.partition = row, .partitions = rows, .byte = byte, .run_bytes = run});
    first += rows * run;
  }
}

// Calls fn(part) for parts of the footprint whose partitions are rows of this set, and whose runs
// lie in one row.
template <class Fn>
void ByteSet::for_each_part(const Footprint& f, Fn&& fn) const {
  if (on_chip_) return fn(f);
  // Rows one after the other at which the last steps begin again.
  if (f.rank == 1 && f.stride[0] == width_ && f.byte % width_ + f.run_bytes <= width_) {
    return fn(Footprint{.partition = f.byte / width_,
                        .partitions = f.shape[0],
                        .byte = f.byte % width_,
                        .run_bytes = f.run_bytes});
  }
  for_each_run(f, [&](int64_t first, int64_t end) { for_each_row_part(first, end, fn); });
}

// The index of the rows that start at this one, which are made if need be.
size_t ByteSet::split(int64_t row) {
  const auto at = std::ranges::upper_bound(rows_, row, {}, &Rows::end);
  const auto i = static_cast<size_t>(at - rows_.begin());
  if (at == rows_.end() || (i == 0 ? 0 : rows_[i - 1].end) == row) return i;
  Rows before = *at;
  before.end = row;
  rows_.insert(at, std::move(before));
  return i + 1;
}

// Joins full rows among those of indices [begin, end) and their neighbours.
void ByteSet::merge_full(size_t begin, size_t end) {
  size_t kept = begin == 0 ? 0 : begin - 1;
  size_t next = kept + 1;
  for (; next < std::min(end + 1, rows_.size()); ++next) {
    if (rows_[next].count == width_ && rows_[kept].count == width_) {
      rows_[kept].end = rows_[next].end;
    } else if (++kept != next) {
      rows_[kept] = std::move(rows_[next]);
    }
  }
  rows_.erase(rows_.begin() + static_cast<std::ptrdiff_t>(kept + 1),
              rows_.begin() + static_cast<std::ptrdiff_t>(next));
}

void ByteSet::add_run(Rows& rows, Run run) const {
  if (!rows.bits.empty()) {
    for_each_word(run.first, run.end, [&](size_t word, uint64_t mask) {
      rows.count += std::popcount(mask & ~rows.bits[word]);
      rows.bits[word] |= mask;
    });
    return;
  }
  // The runs that it touches become one with it.
  const auto begin = std::ranges::lower_bound(rows.runs, run.first, {}, &Run::end);
  auto end = begin;
  for (; end != rows.runs.end() && end->first <= run.end; ++end) {
    run = {std::min(run.first, end->first), std::max(run.end, end->end)};
    rows.count -= end->end - end->first;
  }
  rows.count += run.end - run.first;
  rows.runs.insert(rows.runs.erase(begin, end), run);
  if (rows.runs.size() <= runs_max) return;
  rows.bits.resize(static_cast<size_t>((width_ + word_bits - 1) / word_bits));
  for (const Run& r : rows.runs) {
    for_each_word(r.first, r.end, [&](size_t word, uint64_t mask) { rows.bits[word] |= mask; });
  }
  rows.runs = {};
}

void ByteSet::add_to(Rows& rows, const Footprint& f) const {
  if (rows.count == width_) return;
  for_each_run(f, [&](int64_t first, int64_t end) { add_run(rows, {first, end}); });
  if (rows.count != width_) return;
  rows.runs = {};
  rows.bits = {};
}

void ByteSet::add(const Footprint& f) {
  if (full()) return;
  for_each_part(f, [&](const Footprint& part) { add_part(part); });
}

void ByteSet::add_part(const Footprint& part) {
  const bool neighbours = part.partition_step == 1 || part.partitions == 1;
  const int64_t at_once = neighbours ? part.partitions : 1;
  for (int64_t done = 0; done < part.partitions; done += at_once) {
    const int64_t first = part.partition + done * part.partition_step;
    const size_t begin = split(first), end = split(first + at_once);
    for (size_t i = begin; i < end; ++i) add_to(rows_[i], part);
    merge_full(begin, end);
  }
}

// Calls fn(first byte, bytes) for what of the run is not in the set, with bits a word at a time.
template <class Fn>
void ByteSet::for_each_gap(const Rows& rows, Run run, Fn&& fn) const {
  if (!rows.bits.empty()) {
    for_each_word(run.first, run.end, [&](size_t word, uint64_t mask) {
      if (const uint64_t absent = mask & ~rows.bits[word]; absent != 0) {
        fn(static_cast<int64_t>(word) * word_bits + std::countr_zero(absent),
           std::popcount(absent));
      }
    });
    return;
  }
  auto next = std::ranges::upper_bound(rows.runs, run.first, {}, &Run::end);
  for (int64_t at = run.first; at < run.end; ++next) {
    const bool is_last = next == rows.runs.end() || next->first >= run.end;
    const int64_t gap_end = is_last ? run.end : next->first;
    if (at < gap_end) fn(at, gap_end - at);
    if (is_last) return;
    at = next->end;
  }
}

void ByteSet::missing_in(const Rows& rows, int64_t row, int64_t count, const Footprint& part,
                         Missing& missing) const {
  if (rows.count == width_) return;
  for_each_run(part, [&](int64_t first, int64_t end) {
    for_each_gap(rows, {first, end}, [&](int64_t byte, int64_t bytes) {
      if (missing.bytes == 0) {
        missing.partition = on_chip_ ? row : 0;
        missing.byte = on_chip_ ? byte : row * width_ + byte;
      }
      missing.bytes += bytes * count;
    });
  });
}

ByteSet::Missing ByteSet::missing(const Footprint& f) const {
  Missing missing;
  if (full()) return missing;
  for_each_part(f, [&](const Footprint& part) {
    const bool neighbours = part.partition_step == 1 || part.partitions == 1;
    const int64_t at_once = neighbours ? part.partitions : 1;
    for (int64_t done = 0; done < part.partitions; done += at_once) {
      const int64_t first = part.partition + done * part.partition_step, end = first + at_once;
      auto rows = std::ranges::upper_bound(rows_, first, {}, &Rows::end);
      for (int64_t at = first; at < end; ++rows) {
        const int64_t to = std::min(end, rows->end);
        missing_in(*rows, at, to - at, part, missing);
        at = to;
      }
    }
  });
  return missing;
}

ByteSet::Missing ByteSet::missing() const {
  const int64_t rows = rows_.back().end;
  return on_chip_ ? missing({.partitions = rows, .run_bytes = width_})
                  : missing({.run_bytes = rows * width_});
}

bool ByteSet::contains(int64_t partition, int64_t byte) const {
  return missing({.partition = partition, .byte = byte, .run_bytes = 1}).bytes == 0;
}

}  // namespace kiln
