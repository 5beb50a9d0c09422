#include "kiln/isa/collective_permute_implicit_reduce.h"

#include "kiln/isa/ring.h"

namespace kiln {

void CollectivePermuteImplicitReduce::check(const Context& c, Report& report) const {
  rules::replica_groups(c, report, replica_group);
  ring::check(c, report, srcs0_by_channel, dsts_by_channel, channel_ids);
  ring::check(c, report, srcs1_by_channel, dsts_by_channel, channel_ids);
  rules::collective_op(report, op);
  rules::collective_priority(c, report, priority);
}

Result<Meeting> CollectivePermuteImplicitReduce::meeting(const Tiles& tiles, Member self) const {
  return collective::meet_group(tiles, replica_group, self, channel_ids.bits);
}

Bytes CollectivePermuteImplicitReduce::bring(TileMemory& memory) const {
  Bytes all;
  const Tiles& tiles = memory.tiles();
  const std::span<const ViewId> a = tiles.list(srcs0_by_channel.list),
                                b = tiles.list(srcs1_by_channel.list);
  for (size_t i = 0; i < a.size(); ++i) {
    const TileAccess left = memory.access(a[i]);
    const Bytes both[] = {pack(left), pack(memory.access(b[i]))};
    const Bytes sum =
        collective::reduce({both, 0}, left.dtype, 0, left.partitions * left.elements, op);
    all.insert(all.end(), sum.begin(), sum.end());
  }
  return all;
}

void CollectivePermuteImplicitReduce::take(TileMemory& memory, const Contributions& all) const {
  ring::take(memory, all.of[ring::before(all)], dsts_by_channel);
}

}  // namespace kiln
