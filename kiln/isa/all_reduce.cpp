#include "kiln/isa/all_reduce.h"

namespace kiln {

void AllReduce::check(const Context& c, Report& report) const {
  rules::replica_groups(c, report, replica_group);
  if (rules::collective_tensors(c, report, srcs, dsts, {})) {
    rules::collective_shapes(c, report, srcs, dsts, 0, 1);
  }
  rules::collective_op(report, op);
  rules::collective_priority(c, report, priority);
}

Result<Meeting> AllReduce::meeting(const Tiles& tiles, Member self) const {
  return collective::meet_group(tiles, replica_group, self);
}

Bytes AllReduce::bring(TileMemory& memory) const { return collective::bring(memory, srcs); }

void AllReduce::take(TileMemory& memory, const Contributions& all) const {
  size_t at = 0;
  for (ViewId id : memory.tiles().list(dsts.list)) {
    const TileAccess dst = memory.access(id);
    const Bytes bytes = collective::reduce(all, dst.dtype, at, dst.partitions * dst.elements, op);
    unpack(bytes, dst);
    at += bytes.size();
  }
}

}  // namespace kiln
