#include "kiln/isa/collective_permute.h"

#include <algorithm>
#include <set>

namespace kiln {

void CollectivePermute::check(const Context& c, Report& report) const {
  if (rules::collective_tensors(c, report, srcs, dsts, {.sbuf = false, .coalesced = false})) {
    rules::collective_shapes(c, report, srcs, dsts, 0, 1);
  }
  std::set<int32_t> sources, targets;
  for (const std::vector<int32_t>& pair : c.tiles.rank_groups(source_target_pairs.id)) {
    if (pair.size() != 2) {
      report.add(diag::bad_argument, "a list of {} ranks is no (source, target)", pair.size());
      return;
    }
    if (!sources.insert(pair[0]).second || !targets.insert(pair[1]).second) {
      report.add(diag::bad_argument, "({}, {}): a rank is a source once and a target once", pair[0],
                 pair[1]);
    }
  }
  rules::collective_priority(c, report, priority);
}

// All ranks that any pair names; a rank that none names meets nobody.
Result<Meeting> CollectivePermute::meeting(const Tiles& tiles, Member self) const {
  std::set<int32_t> ranks;
  for (const std::vector<int32_t>& pair : tiles.rank_groups(source_target_pairs.id)) {
    ranks.insert(pair.begin(), pair.end());
  }
  if (!ranks.contains(self.rank)) ranks = {self.rank};
  Meeting meeting;
  for (int32_t rank : ranks) meeting.members.push_back({rank, self.core});
  return meeting;
}

Bytes CollectivePermute::bring(TileMemory& memory) const { return collective::bring(memory, srcs); }

void CollectivePermute::take(TileMemory& memory, const Contributions& all) const {
  const Tiles& tiles = memory.tiles();
  const int32_t self = memory.member().rank;
  const Result<Meeting> met = meeting(tiles, memory.member());
  for (const std::vector<int32_t>& pair : tiles.rank_groups(source_target_pairs.id)) {
    if (pair[1] != self) continue;
    const auto source = std::ranges::find(met->members, pair[0], &Member::rank);
    unpack(all.of[static_cast<size_t>(source - met->members.begin())],
           memory.access(tiles.list(dsts.list)[0]));
  }
}

}  // namespace kiln
