// nki.collectives.collective_permute.
#pragma once

#include "kiln/isa/collective.h"

namespace kiln {

struct CollectivePermute {
  InList srcs;
  InOutList dsts;
  RankGroups source_target_pairs;
  int32_t priority = -1;

  static constexpr Spec spec{
      .name = "collective_permute",
      .engines = Engine::dma,
      .summary = "Sends srcs from the first to the second rank of each pair.",
      .module = collectives_module,
      .law = {.rate = Rate::dma, .source = sources::collectives, .evidence = Evidence::assumed}};
  static constexpr std::tuple fields{
      Field{"srcs", &CollectivePermute::srcs, "one tensor in HBM"},
      Field{"dsts", &CollectivePermute::dsts, "receives, if a pair ends at this rank"},
      Field{"source_target_pairs", &CollectivePermute::source_target_pairs,
            "pairs (source, target) of ranks"},
      option("priority", &CollectivePermute::priority, "class of service, 0 (highest) to 3; gen4")};

  void check(const Context& context, Report& report) const;
  Result<Meeting> meeting(const Tiles& tiles, Member self) const;
  Bytes bring(TileMemory& memory) const;
  void take(TileMemory& memory, const Contributions& all) const;
};

}  // namespace kiln
