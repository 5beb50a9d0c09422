// Ragged: what all_gather_v and all_to_all_v share. Each rank brings its counts and displacements
// and its whole source; each takes the pieces that are for it.
#pragma once

#include "kiln/isa/collective.h"

namespace kiln {

struct Ragged {
  InList srcs;
  InOutList dsts;
  RankGroups replica_group;
  ViewId metadata;
  bool recv_counts_known;
  bool has_rdispls;
  bool one_chunk;  // one piece for all ranks, the first column of the metadata

  void check(const Context& context, Report& report) const;
  Bytes bring(TileMemory& memory) const;
  void take(TileMemory& memory, const Contributions& all) const;
};

}  // namespace kiln
