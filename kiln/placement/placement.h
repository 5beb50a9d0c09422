// Placement: when each on-chip tensor of a program is alive, and where it lies. Addresses that the
// kernel gives are kept; the others are chosen so that nothing alive at the same time overlaps.
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "kiln/placement/address_space.h"
#include "kiln/placement/live_ranges.h"

namespace kiln {

inline constexpr std::array on_chip_memories{Memory::sbuf, Memory::psum};

struct PlacedMemory {
  int64_t extent_bytes = 0;  // end of the highest address in use
  size_t unplaced = 0;       // tensors that are used and for which no address was found
};

struct Placement {
  std::vector<Life> lives;                        // as in LiveRanges
  std::vector<LiveRange> ranges;                  // by StorageId
  std::vector<std::optional<Address>> addresses;  // by StorageId; none in HBM, unused or unplaced
  std::array<PlacedMemory, 2> memories;           // in the order of on_chip_memories

  const PlacedMemory& of(Memory memory) const { return memories[static_cast<size_t>(memory)]; }
};

// The same program has the same placement. Tensors without an explicit address start at partition
// 0. Where there is room, an address is used again as late as possible, as device compilers do it,
// so that a tensor need not wait for the last user of its place.
Placement place(const Program& program);

// "'scores' (128, 512) float32", or without the name.
std::string describe(const Storage& storage);

}  // namespace kiln
