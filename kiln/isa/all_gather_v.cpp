#include "kiln/isa/all_gather_v.h"

#include "kiln/isa/ragged.h"

namespace kiln {

namespace {

Ragged ragged(const AllGatherV& i) {
  return {i.srcs,
          i.dsts,
          i.replica_group,
          i.metadata_tensor.view,
          i.recv_counts_known,
          i.has_rdispls,
          /*one_chunk=*/true};
}

}  // namespace

void AllGatherV::check(const Context& c, Report& report) const {
  ragged(*this).check(c, report);
  rules::collective_priority(c, report, priority);
}

Result<Meeting> AllGatherV::meeting(const Tiles& tiles, Member self) const {
  return collective::meet_group(tiles, replica_group, self);
}

Bytes AllGatherV::bring(TileMemory& memory) const { return ragged(*this).bring(memory); }

void AllGatherV::take(TileMemory& memory, const Contributions& all) const {
  ragged(*this).take(memory, all);
}

}  // namespace kiln
