#include "kiln/isa/reduce_scatter.h"

namespace kiln {

void ReduceScatter::check(const Context& c, Report& report) const {
  const int64_t ranks = rules::replica_groups(c, report, replica_group);
  if (rules::collective_tensors(c, report, srcs, dsts, {}) && ranks > 0) {
    rules::collective_shapes(c, report, srcs, dsts, collective_dim, -ranks);
  }
  if (collective_dim != 0) {
    report.add(diag::bad_argument, "collective_dim is {}; srcs are split along 0", collective_dim);
  }
  rules::collective_op(report, op);
  rules::collective_priority(c, report, priority);
}

Result<Meeting> ReduceScatter::meeting(const Tiles& tiles, Member self) const {
  return collective::meet_group(tiles, replica_group, self);
}

Bytes ReduceScatter::bring(TileMemory& memory) const { return collective::bring(memory, srcs); }

// Along dimension 0 a rank's part is one piece of what each rank brings.
void ReduceScatter::take(TileMemory& memory, const Contributions& all) const {
  size_t at = 0;
  for (ViewId id : memory.tiles().list(dsts.list)) {
    const TileAccess dst = memory.access(id);
    const int64_t count = dst.partitions * dst.elements;
    const size_t part = static_cast<size_t>(count * size_bytes(dst.dtype));
    unpack(collective::reduce(all, dst.dtype, at + all.self * part, count, op), dst);
    at += part * all.of.size();
  }
}

}  // namespace kiln
