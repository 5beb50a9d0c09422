// nki.collectives.all_gather_v.
#pragma once

#include "kiln/isa/collective.h"

namespace kiln {

struct AllGatherV {
  InList srcs;
  InOutList dsts;
  RankGroups replica_group;
  InOut metadata_tensor;
  bool recv_counts_known = false;
  bool has_rdispls = false;
  int32_t priority = -1;

  static constexpr Spec spec{
      .name = "all_gather_v",
      .engines = Engine::dma,
      .summary = "As all_gather, with a part of srcs whose size is known when it is executed.",
      .module = collectives_module,
      .law = {.rate = Rate::dma, .source = sources::collectives, .evidence = Evidence::assumed}};
  static constexpr std::tuple fields{
      Field{"srcs", &AllGatherV::srcs, "one tensor in HBM, taken as flat"},
      Field{"dsts", &AllGatherV::dsts, "one tensor in HBM, a slot for each rank"},
      Field{"replica_group", &AllGatherV::replica_group, "the groups of ranks that meet"},
      Field{"metadata_tensor", &AllGatherV::metadata_tensor,
            "uint32 rows: counts and offsets to send, counts received, offsets to receive at"},
      option("recv_counts_known", &AllGatherV::recv_counts_known,
             "leave the row of counts received as it is"),
      option("has_rdispls", &AllGatherV::has_rdispls,
             "the metadata has offsets to receive at; else ranks get equal slots"),
      option("priority", &AllGatherV::priority, "class of service, 0 (highest) to 3; gen4")};

  void check(const Context& context, Report& report) const;
  Result<Meeting> meeting(const Tiles& tiles, Member self) const;
  Bytes bring(TileMemory& memory) const;
  void take(TileMemory& memory, const Contributions& all) const;
};

}  // namespace kiln
