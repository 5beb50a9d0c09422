#include "kiln/isa/all_to_all.h"

namespace kiln {

void AllToAll::check(const Context& c, Report& report) const {
  const int64_t ranks = rules::replica_groups(c, report, replica_group);
  if (rules::collective_tensors(c, report, srcs, dsts, {.sbuf = false}) && ranks > 0) {
    rules::collective_shapes(c, report, srcs, dsts, collective_dim, 1);
    for (ViewId id : c.tiles.list(srcs.list)) {
      if (c.tile(id).shape(0) % ranks == 0) continue;
      report.add(diag::size_mismatch, "dimension 0 of srcs has {} elements for {} ranks",
                 c.tile(id).shape(0), ranks);
    }
  }
  rules::collective_priority(c, report, priority);
}

Result<Meeting> AllToAll::meeting(const Tiles& tiles, Member self) const {
  return collective::meet_group(tiles, replica_group, self);
}

Bytes AllToAll::bring(TileMemory& memory) const { return collective::bring(memory, srcs); }

void AllToAll::take(TileMemory& memory, const Contributions& all) const {
  size_t at = 0;
  for (ViewId id : memory.tiles().list(dsts.list)) {
    const TileAccess dst = memory.access(id);
    const size_t size = static_cast<size_t>(dst.partitions * dst.elements * size_bytes(dst.dtype));
    const size_t part = size / all.of.size();
    Bytes bytes;
    bytes.reserve(size);
    for (const Bytes& brought : all.of) {
      const auto first = brought.begin() + static_cast<int64_t>(at + all.self * part);
      bytes.insert(bytes.end(), first, first + static_cast<int64_t>(part));
    }
    unpack(bytes, dst);
    at += size;
  }
}

}  // namespace kiln
