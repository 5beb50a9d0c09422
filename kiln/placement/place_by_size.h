// Placing without regard to the order of time: slower than following the program, and fits more.
#pragma once

#include <span>
#include <vector>

#include "kiln/placement/address_space.h"
#include "kiln/placement/live_ranges.h"

namespace kiln {

// What needs bytes of some partitions while it is alive.
struct PlacedItem {
  StorageId storage;
  LiveRange range;
  int64_t bytes = 0;
  int64_t partition = 0;
  int64_t partitions = 0;
  std::optional<int64_t> byte;       // where it starts, if that is known
  std::span<const LiveRange> lives;  // the parts of `range` in which it is alive, in order
};

enum class LargestBy : uint8_t { bytes, bytes_and_time };

// Gives each item, the large ones first, the lowest place that is free in all its lives. The places
// of the fixed items are known. False if one does not fit, or there are too many for a reasonable
// time; what `items` have then is of no use.
bool place_by_size(std::vector<PlacedItem>& items, std::span<const PlacedItem> fixed,
                   const MemoryRules& rules, LargestBy largest);

}  // namespace kiln
