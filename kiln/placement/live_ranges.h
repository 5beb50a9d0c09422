// Live ranges: from which instruction to which a storage holds something that is needed. They
// follow the uses of tiles; where a tile was allocated does not matter, because device compilers
// place by definition and use.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "kiln/program/program.h"

namespace kiln {

// Instructions first … last, both included.
struct LiveRange {
  uint32_t first = UINT32_MAX;
  uint32_t last = 0;

  bool empty() const { return first > last; }
  bool contains(uint32_t instruction) const { return first <= instruction && instruction <= last; }
  bool overlaps(const LiveRange& o) const { return first <= o.last && o.first <= last; }
  LiveRange joined(const LiveRange& o) const {
    return {std::min(first, o.first), std::max(last, o.last)};
  }
  friend bool operator==(const LiveRange&, const LiveRange&) = default;
};

// A storage from when it is written until it is last used. One that is then written again as a
// whole has another life; between the two it holds nothing that is needed.
struct Life {
  StorageId storage;
  LiveRange range;
  // The part in which the contents must be there in any order of the program's instructions that a
  // compiler may choose: without the loads before the first use of what they bring, and without the
  // stores after the last. Of what is only loaded, or set to a constant, that is its last use: it
  // can be loaded again for each.
  LiveRange needed;
};

// Of the storages in SBUF and PSUM that are used. What lives in a loop although it was there before
// the loop lives through all of it.
struct LiveRanges {
  std::vector<Life> lives;            // ordered by first instruction, then storage
  std::vector<LiveRange> of_storage;  // all lives together; empty if there are none
};

LiveRanges live_ranges(const Program& program);

}  // namespace kiln
