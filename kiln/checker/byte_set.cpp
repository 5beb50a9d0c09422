#include "kiln/checker/byte_set.h"

#include <algorithm>
#include <bit>

namespace kiln {

namespace {

constexpr int64_t word_bits = 64;

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

ByteSet::ByteSet(int64_t partitions, int64_t row_bytes)
    : row_bytes_(row_bytes), rows_{{.end = partitions}} {}

void ByteSet::add_all() { rows_ = {{.end = rows_.back().end, .count = row_bytes_}}; }

void ByteSet::clear() { rows_ = {{.end = rows_.back().end}}; }

int64_t ByteSet::bytes() const {
  int64_t bytes = 0, first = 0;
  for (const Rows& rows : rows_) {
    bytes += (rows.end - first) * rows.count;
    first = rows.end;
  }
  return bytes;
}

// The index of the rows that start at the partition, which are made if need be.
size_t ByteSet::split(int64_t partition) {
  int64_t first = 0;
  for (size_t i = 0; i < rows_.size(); ++i) {
    if (first == partition) return i;
    if (partition < rows_[i].end) {
      Rows before = rows_[i];
      before.end = partition;
      rows_.insert(rows_.begin() + static_cast<std::ptrdiff_t>(i), std::move(before));
      return i + 1;
    }
    first = rows_[i].end;
  }
  return rows_.size();
}

void ByteSet::merge_full() {
  size_t kept = 0;
  for (size_t i = 1; i < rows_.size(); ++i) {
    if (rows_[i].count == row_bytes_ && rows_[kept].count == row_bytes_) {
      rows_[kept].end = rows_[i].end;
    } else if (++kept != i) {
      rows_[kept] = std::move(rows_[i]);
    }
  }
  rows_.resize(kept + 1);
}

void ByteSet::add_to(Rows& rows, const Footprint& f) const {
  if (rows.count == row_bytes_) return;
  if (f.rank == 0 && f.run_bytes == row_bytes_) {
    rows.count = row_bytes_;
  } else {
    if (rows.bits.empty()) {
      rows.bits.resize(static_cast<size_t>((row_bytes_ + word_bits - 1) / word_bits));
    }
    for_each_run(f, [&](int64_t first, int64_t end) {
      for_each_word(first, end, [&](size_t word, uint64_t mask) {
        rows.count += std::popcount(mask & ~rows.bits[word]);
        rows.bits[word] |= mask;
      });
    });
  }
  if (rows.count == row_bytes_) rows.bits = {};
}

void ByteSet::add(const Footprint& f) {
  if (full()) return;
  const bool neighbours = f.partition_step == 1 || f.partitions == 1;
  const int64_t at_once = neighbours ? f.partitions : 1;
  for (int64_t done = 0; done < f.partitions; done += at_once) {
    const int64_t first = f.partition + done * f.partition_step;
    const size_t begin = split(first), end = split(first + at_once);
    for (size_t i = begin; i < end; ++i) add_to(rows_[i], f);
  }
  merge_full();
}

void ByteSet::missing_in(const Rows& rows, int64_t partition, int64_t partitions,
                         const Footprint& f, Missing& missing) const {
  if (rows.count == row_bytes_) return;
  for_each_run(f, [&](int64_t first, int64_t end) {
    for_each_word(first, end, [&](size_t word, uint64_t mask) {
      const uint64_t absent = rows.bits.empty() ? mask : mask & ~rows.bits[word];
      if (absent == 0) return;
      if (missing.bytes == 0) {
        missing.partition = partition;
        missing.byte = static_cast<int64_t>(word) * word_bits + std::countr_zero(absent);
      }
      missing.bytes += std::popcount(absent) * partitions;
    });
  });
}

ByteSet::Missing ByteSet::missing(const Footprint& f) const {
  Missing missing;
  if (full()) return missing;
  const bool neighbours = f.partition_step == 1 || f.partitions == 1;
  const int64_t at_once = neighbours ? f.partitions : 1;
  for (int64_t done = 0; done < f.partitions; done += at_once) {
    const int64_t first = f.partition + done * f.partition_step;
    int64_t begin = 0;
    for (const Rows& rows : rows_) {
      const int64_t from = std::max(first, begin), to = std::min(first + at_once, rows.end);
      if (from < to) missing_in(rows, from, to - from, f, missing);
      begin = rows.end;
    }
  }
  return missing;
}

ByteSet::Missing ByteSet::missing() const {
  return missing({.partitions = rows_.back().end, .run_bytes = row_bytes_});
}

bool ByteSet::contains(int64_t partition, int64_t byte) const {
  return missing({.partition = partition, .byte = byte, .run_bytes = 1}).bytes == 0;
}

}  // namespace kiln
