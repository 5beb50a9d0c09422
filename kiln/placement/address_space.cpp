#include "kiln/placement/address_space.h"

#include <algorithm>

#include "kiln/base/check.h"

namespace kiln {

int64_t MemoryRules::next_start(int64_t at, int64_t size) const {
  at = round_up(at, alignment);
  if (bank_bytes == 0) return at;
  const int64_t in_bank = at % bank_bytes;
  const bool fits = size > bank_bytes ? in_bank == 0 : in_bank + size <= bank_bytes;
  return fits ? at : round_up(at, bank_bytes);
}

MemoryRules memory_rules(const Machine& machine, Memory memory) {
  if (memory == Memory::psum) {
    return {.bytes = machine.psum_bytes_per_partition,
            .alignment = machine.psum_alignment_bytes,
            .bank_bytes = machine.psum_bank_bytes()};
  }
  return {.bytes = machine.sbuf_usable_bytes_per_partition(),
          .alignment = machine.sbuf_alignment_bytes};
}

void AddressSpace::reserve(int64_t begin, int64_t end) {
  std::vector<Gap> left;
  for (const Gap& gap : gaps_) {
    if (gap.begin < std::min(begin, gap.end)) left.push_back({gap.begin, std::min(begin, gap.end)});
    if (std::max(end, gap.begin) < gap.end) left.push_back({std::max(end, gap.begin), gap.end});
  }
  gaps_ = std::move(left);
}

std::optional<int64_t> AddressSpace::take_first(int64_t size) { return take_from(0, size, rules_); }

std::optional<int64_t> AddressSpace::take_next(int64_t size) {
  std::optional<int64_t> found;
  if (rules_.bank_bytes > 0) {
    MemoryRules whole_banks = rules_;
    whole_banks.alignment = rules_.bank_bytes;
    found = take_from(cursor_, size, whole_banks);
  }
  if (!found) found = take_from(cursor_, size, rules_);
  if (found) cursor_ = *found + size;
  return found;
}

std::optional<int64_t> AddressSpace::take_from(int64_t cursor, int64_t size,
                                               const MemoryRules& rules) {
  const auto try_gap = [&](size_t n, int64_t from) -> std::optional<int64_t> {
    const int64_t start = rules.next_start(std::max(gaps_[n].begin, from), size);
    if (start + size > gaps_[n].end) return std::nullopt;
    take(n, start, start + size);
    return start;
  };
  const auto at = std::partition_point(gaps_.begin(), gaps_.end(),
                                       [&](const Gap& gap) { return gap.end <= cursor; });
  const auto first = static_cast<size_t>(at - gaps_.begin());
  for (size_t n = first; n < gaps_.size(); ++n) {
    if (const auto found = try_gap(n, cursor)) return found;
  }
  // The gap around the cursor once more, from its beginning.
  for (size_t n = 0; n < std::min(first + 1, gaps_.size()); ++n) {
    if (const auto found = try_gap(n, 0)) return found;
  }
  return std::nullopt;
}

void AddressSpace::take(size_t n, int64_t begin, int64_t end) {
  const Gap gap = gaps_[n];
  const auto at = gaps_.begin() + static_cast<std::ptrdiff_t>(n);
  if (begin > gap.begin && end < gap.end) {
    *at = {gap.begin, begin};
    gaps_.insert(at + 1, {end, gap.end});
  } else if (begin > gap.begin) {
    at->end = begin;
  } else if (end < gap.end) {
    at->begin = end;
  } else {
    gaps_.erase(at);
  }
}

void AddressSpace::give_back(int64_t begin, int64_t size) {
  const int64_t end = begin + size;
  auto after = std::partition_point(gaps_.begin(), gaps_.end(),
                                    [&](const Gap& gap) { return gap.begin < begin; });
  const bool joins_after = after != gaps_.end() && after->begin == end;
  const bool joins_before = after != gaps_.begin() && (after - 1)->end == begin;
  KILN_DCHECK(after == gaps_.end() || after->begin >= end);
  if (joins_before && joins_after) {
    (after - 1)->end = after->end;
    gaps_.erase(after);
  } else if (joins_before) {
    (after - 1)->end = end;
  } else if (joins_after) {
    after->begin = begin;
  } else {
    gaps_.insert(after, {begin, end});
  }
}

}  // namespace kiln
