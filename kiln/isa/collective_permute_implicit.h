// nki.collectives.collective_permute_implicit.
#pragma once

#include "kiln/isa/collective.h"

namespace kiln {

struct CollectivePermuteImplicit {
  ChannelIn srcs_by_channel;
  ChannelOut dsts_by_channel;
  RankGroups replica_group;
  SmallSet channel_ids{0};
  int32_t priority = -1;

  static constexpr Spec spec{
      .name = "collective_permute_implicit",
      .engines = Engine::dma,
      .summary = "Sends to the next rank of the ring, and receives from the one before.",
      .module = collectives_module,
      .law = {.rate = Rate::dma, .source = sources::collectives, .evidence = Evidence::assumed}};
  static constexpr std::tuple fields{
      Field{"srcs_by_channel", &CollectivePermuteImplicit::srcs_by_channel,
            "one tensor a channel to send"},
      Field{"dsts_by_channel", &CollectivePermuteImplicit::dsts_by_channel,
            "one tensor a channel to receive into"},
      Field{"replica_group", &CollectivePermuteImplicit::replica_group,
            "the groups of ranks that meet"},
      option("channel_ids", &CollectivePermuteImplicit::channel_ids,
             "the channels: 0, 1, … up to 3"),
      option("priority", &CollectivePermuteImplicit::priority,
             "class of service, 0 (highest) to 3; gen4")};

  void check(const Context& context, Report& report) const;
  Result<Meeting> meeting(const Tiles& tiles, Member self) const;
  Bytes bring(TileMemory& memory) const;
  void take(TileMemory& memory, const Contributions& all) const;
};

}  // namespace kiln
