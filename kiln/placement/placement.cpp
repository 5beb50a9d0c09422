#include "kiln/placement/placement.h"

#include <fmt/format.h>

#include "kiln/placement/place_by_size.h"

namespace kiln {

namespace {

// Rows that DMA transposes start at a multiple of this. Given up where memory is short.
constexpr int64_t good_alignment_bytes = 32;

enum class Reuse : uint8_t { late, at_once };

// Places items in the order in which they are born; what died before is free again.
class TimeOrder {
 public:
  TimeOrder(std::vector<PlacedItem>& items, std::span<const PlacedItem> fixed)
      : items_(items), fixed_(fixed) {
    for (uint32_t n = 0; n < items.size(); ++n) {
      by_first_.push_back(uint64_t{items[n].range.first} << 32 | n);
      by_last_.push_back(uint64_t{items[n].range.last} << 32 | n);
    }
    std::sort(by_first_.begin(), by_first_.end());
    std::sort(by_last_.begin(), by_last_.end());
  }

  // False, with some left, if not all fit.
  bool place(const MemoryRules& rules, Reuse reuse) {
    AddressSpace space(rules);
    for (const PlacedItem& item : fixed_) space.reserve(*item.byte, *item.byte + item.bytes);
    bool complete = true;
    size_t dead = 0;
    for (const uint64_t key : by_first_) {
      PlacedItem& item = items_[index(key)];
      for (; by_last_[dead] >> 32 < item.range.first; ++dead) {
        const PlacedItem& gone = items_[index(by_last_[dead])];
        if (gone.byte) space.give_back(*gone.byte, round_up(gone.bytes, rules.alignment));
      }
      const int64_t size = round_up(item.bytes, rules.alignment);
      item.byte = reuse == Reuse::late ? space.take_next(size) : space.take_first(size);
      complete &= item.byte.has_value();
    }
    return complete;
  }

 private:
  static uint32_t index(uint64_t key) { return static_cast<uint32_t>(key); }

  std::vector<PlacedItem>& items_;
  std::span<const PlacedItem> fixed_;
  std::vector<uint64_t> by_first_, by_last_;  // time, then index
};

// The lives of each storage, one after the other in `ranges`.
struct LivesByStorage {
  std::vector<uint32_t> first;  // by StorageId
  std::vector<LiveRange> ranges;

  explicit LivesByStorage(const Placement& p) : first(p.ranges.size() + 1), ranges(p.lives.size()) {
    for (const Life& life : p.lives) ++first[life.storage.value + 1];
    for (size_t n = 1; n < first.size(); ++n) first[n] += first[n - 1];
    std::vector<uint32_t> next(first);
    for (const Life& life : p.lives) ranges[next[life.storage.value]++] = life.range;
  }
  std::span<const LiveRange> of(StorageId id) const {
    return std::span(ranges).subspan(first[id.value], first[id.value + 1] - first[id.value]);
  }
};

// Whether what is alive, each from partition 0, is ever more than the memory has.
bool too_much(std::span<const PlacedItem> items, int64_t bytes) {
  std::vector<std::pair<uint64_t, int64_t>> changes;
  for (const PlacedItem& item : items) {
    for (const LiveRange& life : item.lives) {
      changes.emplace_back(uint64_t{life.first} * 2 + 1, item.bytes);
      changes.emplace_back(uint64_t{life.last} * 2 + 2, -item.bytes);
    }
  }
  std::sort(changes.begin(), changes.end());
  int64_t sum = 0;
  for (const auto& [time, change] : changes) {
    sum += change;
    if (sum > bytes) return true;
  }
  return false;
}

bool place_out_of_order(std::vector<PlacedItem>& items, std::vector<PlacedItem>& fixed,
                        const Placement& placement, const MemoryRules& rules) {
  const LivesByStorage lives(placement);
  for (PlacedItem& item : items) item.lives = lives.of(item.storage);
  for (PlacedItem& item : fixed) item.lives = lives.of(item.storage);
  return !too_much(items, rules.bytes) &&
         (place_by_size(items, fixed, rules, LargestBy::bytes) ||
          place_by_size(items, fixed, rules, LargestBy::bytes_and_time));
}

void place_memory(const Program& program, Memory memory, Placement& placement) {
  const MemoryRules rules = memory_rules(machine(program.target), memory);
  std::vector<PlacedItem> items, fixed;
  for (uint32_t id = 0; id < placement.ranges.size(); ++id) {
    if (placement.ranges[id].empty()) continue;
    const Storage& storage = program.tiles.storage({id});
    if (storage.memory != memory) continue;
    PlacedItem item{.storage = {id},
                    .range = placement.ranges[id],
                    .bytes = storage.row_bytes(),
                    .partitions = storage.partitions()};
    if (storage.address) {
      item.partition = storage.address->partition;
      item.byte = storage.address->byte;
    }
    (storage.address ? fixed : items).push_back(item);
  }

  MemoryRules roomy = rules;
  roomy.alignment = std::max(rules.alignment, good_alignment_bytes);
  TimeOrder order(items, fixed);
  order.place(roomy, Reuse::late) || order.place(rules, Reuse::at_once) ||
      place_out_of_order(items, fixed, placement, rules) || order.place(rules, Reuse::at_once);

  PlacedMemory& placed = placement.memories[static_cast<size_t>(memory)];
  for (const auto* group : {&items, &fixed}) {
    for (const PlacedItem& item : *group) {
      if (!item.byte) {
        ++placed.unplaced;
        continue;
      }
      placement.addresses[item.storage.value] = {static_cast<int32_t>(item.partition), *item.byte};
      placed.extent_bytes = std::max(placed.extent_bytes, *item.byte + item.bytes);
    }
  }
}

}  // namespace

Placement place(const Program& program) {
  LiveRanges ranges = live_ranges(program);
  Placement placement{.lives = std::move(ranges.lives), .ranges = std::move(ranges.of_storage)};
  placement.addresses.resize(program.tiles.storage_count());
  for (const Memory memory : on_chip_memories) place_memory(program, memory, placement);
  return placement;
}

std::string describe(const Storage& storage) {
  std::string text = storage.name.empty() ? "" : fmt::format("'{}' ", storage.name);
  text += "(";
  for (int i = 0; i < storage.rank; ++i) {
    text += fmt::format("{}{}", i > 0 ? ", " : "", storage.shape[i]);
  }
  return fmt::format("{}) {}", text, name_of(storage.dtype));
}

}  // namespace kiln
