#include "kiln/isa/rank_id.h"

#include "kiln/isa/ring.h"

namespace kiln {

void RankId::check(const Context&, Report& report) const {
  rules::allocated_register(report, "dst", dst);
}

void RankId::execute(TileMemory& memory) const { memory.reg(dst.id) = memory.member().rank; }

void CollectivePermuteImplicitCurrentProcessingRankId::check(const Context& c,
                                                             Report& report) const {
  rules::allocated_register(report, "dst", dst);
  rules::replica_groups(c, report, replica_group);
  if (channel_id < 0 || channel_id >= ring::channels_max) {
    report.add(diag::bad_argument, "channel_id is {}; it is 0 to {}", channel_id,
               ring::channels_max - 1);
  }
}

void CollectivePermuteImplicitCurrentProcessingRankId::execute(TileMemory& memory) const {
  const int32_t rank = memory.member().rank;
  const auto group = collective::group_of(memory.tiles(), replica_group, rank);
  if (!group) return memory.fault(group.error().message);
  memory.reg(dst.id) = ring::origin(*group, rank, memory.value(iteration_id));
}

}  // namespace kiln
