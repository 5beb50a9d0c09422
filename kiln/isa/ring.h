// Ring: what the implicit permutes share. The ranks of a group form a ring in the group's order;
// each sends to the next and receives from the one before.
#pragma once

#include "kiln/isa/collective.h"

namespace kiln::ring {

inline constexpr int channels_max = 4;

// The rank whose data a rank holds after `steps` permutes.
int32_t origin(std::span<const int32_t> group, int32_t rank, int32_t steps);

// Which contribution comes from the rank before.
inline size_t before(const Contributions& all) {
  return (all.self + all.of.size() - 1) % all.of.size();
}

// Tensors for each channel, the channels 0, 1, …; each pair of one size.
void check(const Context& context, Report& report, const TileListOperand& srcs,
           const TileListOperand& dsts, SmallSet channel_ids);

// The contribution's pieces into dsts, one after the other.
void take(TileMemory& memory, const Bytes& bytes, const TileListOperand& dsts);

}  // namespace kiln::ring
