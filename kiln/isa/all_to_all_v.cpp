#include "kiln/isa/all_to_all_v.h"

#include "kiln/isa/ragged.h"

namespace kiln {

namespace {

Ragged ragged(const AllToAllV& i) {
  return {i.srcs,
          i.dsts,
          i.replica_group,
          i.metadata_tensor.view,
          i.recv_counts_known,
          i.has_rdispls,
          /*one_chunk=*/false};
}

}  // namespace

void AllToAllV::check(const Context& c, Report& report) const {
  ragged(*this).check(c, report);
  rules::collective_priority(c, report, priority);
}

Result<Meeting> AllToAllV::meeting(const Tiles& tiles, Member self) const {
  return collective::meet_group(tiles, replica_group, self);
}

Bytes AllToAllV::bring(TileMemory& memory) const { return ragged(*this).bring(memory); }

void AllToAllV::take(TileMemory& memory, const Contributions& all) const {
  ragged(*this).take(memory, all);
}

}  // namespace kiln
