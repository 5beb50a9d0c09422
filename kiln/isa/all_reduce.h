// nki.collectives.all_reduce.
#pragma once

#include "kiln/isa/collective.h"

namespace kiln {

struct AllReduce {
  InList srcs;
  OutList dsts;
  RankGroups replica_group;
  AluOp op = AluOp::none;
  int32_t priority = -1;

  static constexpr Spec spec{
      .name = "all_reduce",
      .engines = Engine::dma,
      .summary = "dsts = srcs of all ranks, combined element by element.",
      .module = collectives_module,
      .law = {.rate = Rate::dma, .source = sources::collectives, .evidence = Evidence::assumed}};
  static constexpr std::tuple fields{
      Field{"srcs", &AllReduce::srcs, "tensors to combine; HBM, or one in SBUF"},
      Field{"dsts", &AllReduce::dsts, "receive the result; as srcs"},
      Field{"replica_group", &AllReduce::replica_group, "the groups of ranks that meet"},
      Field{"op", &AllReduce::op, "add, minimum or maximum"},
      option("priority", &AllReduce::priority, "class of service, 0 (highest) to 3; gen4")};

  void check(const Context& context, Report& report) const;
  Result<Meeting> meeting(const Tiles& tiles, Member self) const;
  Bytes bring(TileMemory& memory) const;
  void take(TileMemory& memory, const Contributions& all) const;
};

}  // namespace kiln
