// nki.collectives.collective_permute_implicit_reduce.
#pragma once

#include "kiln/isa/collective.h"

namespace kiln {

struct CollectivePermuteImplicitReduce {
  ChannelIn srcs0_by_channel;
  ChannelIn srcs1_by_channel;
  ChannelOut dsts_by_channel;
  RankGroups replica_group;
  AluOp op = AluOp::none;
  SmallSet channel_ids{0};
  int32_t priority = -1;

  static constexpr Spec spec{
      .name = "collective_permute_implicit_reduce",
      .engines = Engine::dma,
      .summary = "Sends two tensors, combined, to the next rank of the ring.",
      .module = collectives_module,
      .law = {.rate = Rate::dma, .source = sources::collectives, .evidence = Evidence::assumed}};
  static constexpr std::tuple fields{
      Field{"srcs0_by_channel", &CollectivePermuteImplicitReduce::srcs0_by_channel,
            "one left operand a channel"},
      Field{"srcs1_by_channel", &CollectivePermuteImplicitReduce::srcs1_by_channel,
            "one right operand a channel"},
      Field{"dsts_by_channel", &CollectivePermuteImplicitReduce::dsts_by_channel,
            "one tensor a channel to receive into"},
      Field{"replica_group", &CollectivePermuteImplicitReduce::replica_group,
            "the groups of ranks that meet"},
      Field{"op", &CollectivePermuteImplicitReduce::op, "add, minimum or maximum"},
      option("channel_ids", &CollectivePermuteImplicitReduce::channel_ids,
             "the channels: 0, 1, … up to 3"),
      option("priority", &CollectivePermuteImplicitReduce::priority,
             "class of service, 0 (highest) to 3; gen4")};

  void check(const Context& context, Report& report) const;
  Result<Meeting> meeting(const Tiles& tiles, Member self) const;
  Bytes bring(TileMemory& memory) const;
  void take(TileMemory& memory, const Contributions& all) const;
};

}  // namespace kiln
