#include "kiln/isa/collective_permute_implicit.h"

#include "kiln/isa/ring.h"

namespace kiln {

void CollectivePermuteImplicit::check(const Context& c, Report& report) const {
  rules::replica_groups(c, report, replica_group);
  ring::check(c, report, srcs_by_channel, dsts_by_channel, channel_ids);
  rules::collective_priority(c, report, priority);
}

Result<Meeting> CollectivePermuteImplicit::meeting(const Tiles& tiles, Member self) const {
  return collective::meet_group(tiles, replica_group, self, channel_ids.bits);
}

Bytes CollectivePermuteImplicit::bring(TileMemory& memory) const {
  return collective::bring(memory, srcs_by_channel);
}

void CollectivePermuteImplicit::take(TileMemory& memory, const Contributions& all) const {
  ring::take(memory, all.of[ring::before(all)], dsts_by_channel);
}

}  // namespace kiln
