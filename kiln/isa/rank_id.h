// nki.collectives.rank_id and collective_permute_implicit_current_processing_rank_id: registers
// that hold a rank.
#pragma once

#include "kiln/isa/collective.h"
#include "kiln/isa/control.h"

namespace kiln {

struct RankId {
  OutRegister dst;

  static constexpr Spec spec{.name = "rank_id",
                             .engines = every_sequencer,
                             .summary = "A register that holds the rank that executes.",
                             .module = collectives_module,
                             .law = {.rate = Rate::sequencer, .evidence = Evidence::assumed}};
  static constexpr std::tuple fields{result("dst", &RankId::dst, "receives the rank")};

  void check(const Context& context, Report& report) const;
  void execute(TileMemory& memory) const;
};

struct CollectivePermuteImplicitCurrentProcessingRankId {
  OutRegister dst;
  RegisterOrInt iteration_id;
  RankGroups replica_group;
  int32_t channel_id = 0;

  static constexpr Spec spec{
      .name = "collective_permute_implicit_current_processing_rank_id",
      .engines = every_sequencer,
      .summary = "A register that holds the rank whose data has arrived after some permutes.",
      .module = collectives_module,
      .law = {.rate = Rate::sequencer, .evidence = Evidence::assumed}};
  static constexpr std::tuple fields{
      result("dst", &CollectivePermuteImplicitCurrentProcessingRankId::dst, "receives the rank"),
      Field{"iteration_id", &CollectivePermuteImplicitCurrentProcessingRankId::iteration_id,
            "how many permutes have been done"},
      Field{"replica_group", &CollectivePermuteImplicitCurrentProcessingRankId::replica_group,
            "the groups of ranks that form rings"},
      option("channel_id", &CollectivePermuteImplicitCurrentProcessingRankId::channel_id,
             "the channel, 0 to 3; all go round in the same direction")};

  void check(const Context& context, Report& report) const;
  void execute(TileMemory& memory) const;
};

}  // namespace kiln
