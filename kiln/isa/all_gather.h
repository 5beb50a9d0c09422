// nki.collectives.all_gather.
#pragma once

#include "kiln/isa/collective.h"

namespace kiln {

struct AllGather {
  InList srcs;
  OutList dsts;
  RankGroups replica_group;
  int32_t collective_dim = 0;
  int32_t priority = -1;

  static constexpr Spec spec{
      .name = "all_gather",
      .engines = Engine::dma,
      .summary = "dsts = srcs of all ranks, one after the other along a dimension.",
      .module = collectives_module,
      .law = {.rate = Rate::dma, .source = sources::collectives, .evidence = Evidence::assumed}};
  static constexpr std::tuple fields{
      Field{"srcs", &AllGather::srcs, "tensors to gather; HBM, or one in SBUF"},
      Field{"dsts", &AllGather::dsts, "receive all ranks' tensors"},
      Field{"replica_group", &AllGather::replica_group, "the groups of ranks that meet"},
      Field{"collective_dim", &AllGather::collective_dim,
            "dimension to concatenate along: 0, in SBUF also 1"},
      option("priority", &AllGather::priority, "class of service, 0 (highest) to 3; gen4")};

  void check(const Context& context, Report& report) const;
  Result<Meeting> meeting(const Tiles& tiles, Member self) const;
  Bytes bring(TileMemory& memory) const;
  void take(TileMemory& memory, const Contributions& all) const;
};

}  // namespace kiln
