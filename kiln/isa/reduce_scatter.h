// nki.collectives.reduce_scatter.
#pragma once

#include "kiln/isa/collective.h"

namespace kiln {

struct ReduceScatter {
  InList srcs;
  OutList dsts;
  RankGroups replica_group;
  int32_t collective_dim = 0;
  AluOp op = AluOp::none;
  int32_t priority = -1;

  static constexpr Spec spec{
      .name = "reduce_scatter",
      .engines = Engine::dma,
      .summary = "dsts = this rank's part of srcs of all ranks, combined.",
      .module = collectives_module,
      .law = {.rate = Rate::dma, .source = sources::collectives, .evidence = Evidence::assumed}};
  static constexpr std::tuple fields{
      Field{"srcs", &ReduceScatter::srcs,
            "tensors to combine, a part for each rank; HBM, or one in SBUF"},
      Field{"dsts", &ReduceScatter::dsts, "receive this rank's part"},
      Field{"replica_group", &ReduceScatter::replica_group, "the groups of ranks that meet"},
      Field{"collective_dim", &ReduceScatter::collective_dim, "dimension to split along: 0"},
      Field{"op", &ReduceScatter::op, "add, minimum or maximum"},
      option("priority", &ReduceScatter::priority, "class of service, 0 (highest) to 3; gen4")};

  void check(const Context& context, Report& report) const;
  Result<Meeting> meeting(const Tiles& tiles, Member self) const;
  Bytes bring(TileMemory& memory) const;
  void take(TileMemory& memory, const Contributions& all) const;
};

}  // namespace kiln
