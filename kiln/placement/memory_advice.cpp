#include "kiln/placement/memory_advice.h"

#include <fmt/format.h>

#include <unordered_map>

#include "kiln/placement/tile_uses.h"

namespace kiln {

namespace {

// Of the owners, the largest are looked at.
constexpr size_t owners_max = 16;
// A tensor that waits for less than this part of the program is not worth loading twice.
constexpr uint32_t waits_min_part = 10;
constexpr uint32_t waits_min = 8;  // instructions

// The lives of one memory as changes of a sum, which can be computed again with other sizes.
class Peaks {
 public:
  Peaks(const Program& program, const Placement& placement, Memory memory) {
    for (const Life& life : placement.lives) {
      const Storage& storage = program.tiles.storage(life.storage);
      if (storage.memory != memory) continue;
      changes_.push_back({life.range.first, life.storage.value, storage.row_bytes()});
      changes_.push_back({life.range.last + 1, life.storage.value, -storage.row_bytes()});
    }
    std::sort(changes_.begin(), changes_.end(),
              [](const Change& a, const Change& b) { return a.at < b.at; });
    peak_ = peak([](const Change& c) { return c.bytes; });
  }

  // Looks at a group: also at those of its tensors that are alive at other times, because a change
  // of its line changes all of them.
  void choose(const Program& program, const OwnerGroup& group) {
    const OwnerKey key = owner_key(program.tiles.storage(group.storages.front()));
    for (Change& c : changes_) {
      const Storage& storage = program.tiles.storage({c.storage});
      c.chosen = storage.location == key.location && owner_key(storage) == key;
    }
  }

  // The gain if of the chosen group no more than `kept` tensors were alive at once.
  int64_t gain_with_fewer(int64_t kept) const {
    int64_t alive = 0;
    return gain([&](const Change& c) {
      const int64_t before = std::min(alive, kept);
      alive += c.bytes > 0 ? 1 : -1;
      return (std::min(alive, kept) - before) * std::abs(c.bytes);
    });
  }
  int64_t gain_at_half() const {
    return gain([](const Change& c) { return c.bytes / 2; });
  }
  // The gain if the tensor were away from after `gap.first` to before `gap.last`.
  int64_t gain_without(int64_t bytes, LiveRange gap) const {
    int64_t sum = 0, most = 0;
    for (size_t n = 0; n < changes_.size(); ++n) {
      sum += changes_[n].bytes;
      const bool more = n + 1 < changes_.size();
      if (more && changes_[n + 1].at == changes_[n].at) continue;
      const uint32_t last = more ? changes_[n + 1].at - 1 : changes_[n].at;
      const bool inside = gap.first < changes_[n].at && last < gap.last;
      most = std::max(most, inside ? sum - bytes : sum);
    }
    return peak_ - most;
  }

 private:
  struct Change {
    uint32_t at;
    uint32_t storage;
    int64_t bytes;
    bool chosen = false;
  };

  template <class Size>
  int64_t peak(Size size) const {
    int64_t sum = 0, most = 0;
    for (size_t n = 0; n < changes_.size(); ++n) {
      sum += size(changes_[n]);
      const bool more = n + 1 < changes_.size();
      if (!more || changes_[n + 1].at != changes_[n].at) most = std::max(most, sum);
    }
    return most;
  }
  // The gain if the chosen tensors had other sizes.
  template <class Size>
  int64_t gain(Size size) const {
    return peak_ - peak([&](const Change& c) { return c.chosen ? size(c) : c.bytes; });
  }

  std::vector<Change> changes_;
  int64_t peak_ = 0;
};

// From the last use before an instruction to the first one after it.
using Waits = std::unordered_map<uint32_t, LiveRange>;  // by StorageId

Waits waits_around(const Program& program, const std::vector<OwnerGroup>& owners,
                   uint32_t instruction) {
  Waits waits;
  for (size_t n = 0; n < std::min(owners.size(), owners_max); ++n) {
    for (const StorageId id : owners[n].storages) waits[id.value] = {UINT32_MAX, UINT32_MAX};
  }
  std::vector<TileUse> uses;
  for (uint32_t i = 0; i < program.code.size(); ++i) {
    tile_uses(program, i, uses);
    for (const TileUse& u : uses) {
      const auto found = waits.find(program.tiles.storage_of(u.view).value);
      if (found == waits.end()) continue;
      if (i <= instruction) found->second.first = i;
      if (i >= instruction) found->second.last = std::min(found->second.last, i);
    }
  }
  return waits;
}

std::string line_of(const Program& program, const OwnerGroup& group) {
  const Storage& storage = program.tiles.storage(group.storages.front());
  const std::string where = program.files.describe(storage.location);
  if (where.empty()) return describe(storage);
  return fmt::format("{} of {}", describe(storage), where.substr(where.rfind('/') + 1));
}

std::string place_in(const Program& program, uint32_t instruction) {
  const SourceLocation at = program.locations[instruction];
  return at.file.valid() ? fmt::format("line {}", at.line)
                         : fmt::format("instruction {}", instruction);
}

class Best {
 public:
  Best(const Program& program, int64_t peak_bytes) : program_(program), peak_(peak_bytes) {}

  void offer(const OwnerGroup& group, int64_t gain, std::string text) {
    if (gain <= best_.gain_bytes || gain * 100 < peak_) return;
    best_ = {fmt::format("{}: the peak sinks by {} bytes ({:.0f}%)", text, gain,
                         100.0 * static_cast<double>(gain) / static_cast<double>(peak_)),
             program_.tiles.storage(group.storages.front()).location, gain};
  }
  MemoryAdvice take() { return std::move(best_); }

 private:
  const Program& program_;
  int64_t peak_;
  MemoryAdvice best_;
};

void offer_gaps(const Program& program, const Waits& waits, const OwnerGroup& group,
                const Peaks& peaks, Best& best) {
  const auto size = static_cast<uint32_t>(program.code.size());
  for (const StorageId id : group.storages) {
    const LiveRange& gap = waits.at(id.value);
    if (gap.first == UINT32_MAX || gap.last == UINT32_MAX) continue;
    const uint32_t length = gap.last - gap.first;
    if (length < std::max(waits_min, size / waits_min_part)) continue;
    best.offer(group, peaks.gain_without(group.bytes_each, gap),
               fmt::format("{} waits from {} to {}; if it is freed in between and loaded or "
                           "computed again",
                           line_of(program, group), place_in(program, gap.first),
                           place_in(program, gap.last)));
  }
}

}  // namespace

MemoryAdvice memory_advice(const Program& program, const Placement& placement,
                           const MemoryUse& use) {
  if (use.owners.empty()) return {};
  Peaks peaks(program, placement, use.memory);
  const Waits waits = waits_around(program, use.owners, use.peak_instruction);
  Best best(program, use.peak_bytes);
  for (size_t n = 0; n < std::min(use.owners.size(), owners_max); ++n) {
    const OwnerGroup& group = use.owners[n];
    peaks.choose(program, group);
    const auto count = static_cast<int64_t>(group.storages.size());
    if (count > 1) {
      const int64_t kept = (count + 1) / 2;
      best.offer(group, peaks.gain_with_fewer(kept),
                 fmt::format("{} tensors {} are alive at once; with {}", count,
                             line_of(program, group), kept));
    }
    const DType dtype = program.tiles.storage(group.storages.front()).dtype;
    if (use.memory == Memory::sbuf && dtype == DType::float32) {
      best.offer(group, peaks.gain_at_half(),
                 fmt::format("{}: as bfloat16, if the numbers allow it", line_of(program, group)));
    }
    if (count == 1) {
      best.offer(group, peaks.gain_at_half(),
                 fmt::format("{}: if it is worked on in two halves, one after the other",
                             line_of(program, group)));
    }
    offer_gaps(program, waits, group, peaks, best);
  }
  return best.take();
}

}  // namespace kiln
