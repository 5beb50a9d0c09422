// nki.collectives.all_to_all.
#pragma once

#include "kiln/isa/collective.h"

namespace kiln {

struct AllToAll {
  InList srcs;
  OutList dsts;
  RankGroups replica_group;
  int32_t collective_dim = 0;
  int32_t priority = -1;

  static constexpr Spec spec{
      .name = "all_to_all",
      .engines = Engine::dma,
      .summary =
          "Sends a part of srcs to each rank; dsts = the parts received, in the order of ranks.",
      .module = collectives_module,
      .law = {.rate = Rate::dma, .source = sources::collectives, .evidence = Evidence::assumed}};
  static constexpr std::tuple fields{
      Field{"srcs", &AllToAll::srcs, "tensors to send, a part for each rank; HBM"},
      Field{"dsts", &AllToAll::dsts, "receive a part from each rank; HBM"},
      Field{"replica_group", &AllToAll::replica_group, "the groups of ranks that meet"},
      Field{"collective_dim", &AllToAll::collective_dim, "dimension to split along: 0"},
      option("priority", &AllToAll::priority, "class of service, 0 (highest) to 3; gen4")};

  void check(const Context& context, Report& report) const;
  Result<Meeting> meeting(const Tiles& tiles, Member self) const;
  Bytes bring(TileMemory& memory) const;
  void take(TileMemory& memory, const Contributions& all) const;
};

}  // namespace kiln
