#include "kiln/isa/all_gather.h"

namespace kiln {

void AllGather::check(const Context& c, Report& report) const {
  const int64_t ranks = rules::replica_groups(c, report, replica_group);
  if (rules::collective_tensors(c, report, srcs, dsts, {}) && ranks > 0) {
    rules::collective_shapes(c, report, srcs, dsts, collective_dim, ranks);
  }
  rules::collective_priority(c, report, priority);
}

Result<Meeting> AllGather::meeting(const Tiles& tiles, Member self) const {
  return collective::meet_group(tiles, replica_group, self);
}

Bytes AllGather::bring(TileMemory& memory) const { return collective::bring(memory, srcs); }

// Row-major, dst consists of runs from each rank in turn: one run a rank for dimension 0, one a
// partition and rank for dimension 1.
void AllGather::take(TileMemory& memory, const Contributions& all) const {
  const Tiles& tiles = memory.tiles();
  const std::span<const ViewId> from = tiles.list(srcs.list), to = tiles.list(dsts.list);
  size_t at = 0;
  for (size_t i = 0; i < to.size(); ++i) {
    const Tile src = tiles.tile(from[i]);
    const size_t size = static_cast<size_t>(src.elements() * size_bytes(src.dtype()));
    const size_t runs = collective_dim == 0 ? 1 : static_cast<size_t>(src.shape(0));
    const size_t run = size / runs;
    Bytes bytes;
    bytes.reserve(size * all.of.size());
    for (size_t r = 0; r < runs; ++r) {
      for (const Bytes& brought : all.of) {
        const auto first = brought.begin() + static_cast<int64_t>(at + r * run);
        bytes.insert(bytes.end(), first, first + static_cast<int64_t>(run));
      }
    }
    unpack(bytes, memory.access(to[i]));
    at += size;
  }
}

}  // namespace kiln
