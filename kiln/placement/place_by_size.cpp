#include "kiln/placement/place_by_size.h"

#include <array>

namespace kiln {

namespace {

// Comparisons of two items: about half a second.
constexpr int64_t work_max = 200'000'000;

bool alive_together(const PlacedItem& a, const PlacedItem& b) {
  if (!a.range.overlaps(b.range)) return false;
  size_t i = 0, j = 0;
  while (i < a.lives.size() && j < b.lives.size()) {
    if (a.lives[i].overlaps(b.lives[j])) return true;
    a.lives[i].last < b.lives[j].last ? ++i : ++j;
  }
  return false;
}

// The placed items, found by time.
class Timeline {
 public:
  explicit Timeline(uint32_t end) : width_(end / static_cast<uint32_t>(buckets_.size()) + 1) {}

  void add(const PlacedItem& item) {
    const auto n = static_cast<uint32_t>(items_.size());
    items_.push_back(item);
    seen_.push_back(0);
    for (uint32_t b = item.range.first / width_; b <= item.range.last / width_; ++b) {
      buckets_[b].push_back(n);
    }
  }

  struct Busy {
    int64_t begin, end;
  };
  // What the item cannot have, by address.
  const std::vector<Busy>& busy_for(const PlacedItem& mine) {
    busy_.clear();
    ++search_;
    for (uint32_t b = mine.range.first / width_; b <= mine.range.last / width_; ++b) {
      work_ += static_cast<int64_t>(buckets_[b].size());
      for (const uint32_t n : buckets_[b]) {
        if (seen_[n] == search_) continue;
        seen_[n] = search_;
        const PlacedItem& other = items_[n];
        if (other.partition < mine.partition + mine.partitions &&
            mine.partition < other.partition + other.partitions && alive_together(mine, other)) {
          busy_.push_back({*other.byte, *other.byte + other.bytes});
        }
      }
    }
    std::sort(busy_.begin(), busy_.end(),
              [](const Busy& a, const Busy& b) { return a.begin < b.begin; });
    return busy_;
  }
  int64_t work() const { return work_; }

 private:
  std::array<std::vector<uint32_t>, 512> buckets_;
  uint32_t width_;  // instructions of a bucket
  std::vector<PlacedItem> items_;
  std::vector<uint32_t> seen_;  // the last search that met the item
  uint32_t search_ = 0;
  std::vector<Busy> busy_;
  int64_t work_ = 0;
};

double weight(const PlacedItem& item, LargestBy largest) {
  const auto bytes = static_cast<double>(item.bytes);
  const auto time = static_cast<double>(item.range.last - item.range.first) + 1;
  return largest == LargestBy::bytes ? bytes : bytes * time;
}

uint32_t end_of(std::span<const PlacedItem> items) {
  uint32_t end = 0;
  for (const PlacedItem& item : items) end = std::max(end, item.range.last + 1);
  return end;
}

}  // namespace

bool place_by_size(std::vector<PlacedItem>& items, std::span<const PlacedItem> fixed,
                   const MemoryRules& rules, LargestBy largest) {
  Timeline timeline(std::max(end_of(items), end_of(fixed)));
  for (const PlacedItem& item : fixed) timeline.add(item);
  std::vector<PlacedItem*> order;
  for (PlacedItem& item : items) order.push_back(&item);
  std::sort(order.begin(), order.end(), [&](const PlacedItem* a, const PlacedItem* b) {
    const double left = weight(*a, largest), right = weight(*b, largest);
    return left != right ? left > right : a->storage < b->storage;
  });
  for (PlacedItem* item : order) {
    int64_t start = rules.next_start(0, item->bytes);
    for (const auto& busy : timeline.busy_for(*item)) {
      if (start + item->bytes <= busy.begin) break;
      if (busy.end > start) start = rules.next_start(busy.end, item->bytes);
    }
    if (start + item->bytes > rules.bytes || timeline.work() > work_max) return false;
    item->byte = start;
    timeline.add(*item);
  }
  return true;
}

}  // namespace kiln
