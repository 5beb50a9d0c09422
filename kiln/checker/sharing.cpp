#include "kiln/checker/sharing.h"

#include <algorithm>
#include <set>
#include <utility>

namespace kiln {

Sharing::Sharing(size_t members) : clocks_(members, {Clock(members)}) {}

void Sharing::meet(std::span<const size_t> members) {
  Clock known(clocks_.size());
  for (size_t member : members) {
    const std::vector<Clock>& own = clocks_[member];
    for (size_t i = 0; i < known.size(); ++i) known[i] = std::max(known[i], own.back()[i]);
    known[member] = std::max(known[member], static_cast<uint32_t>(own.size()));
  }
  for (size_t member : members) clocks_[member].push_back(known);
}

void Sharing::access(size_t member, size_t shared, const Footprint& footprint, bool writes,
                     uint32_t instruction) {
  if (clocks_.size() == 1) return;
  std::vector<std::vector<Access>>& by_member = accesses_[shared];
  by_member.resize(clocks_.size());
  const auto epoch = static_cast<uint32_t>(clocks_[member].size() - 1);
  std::vector<Access>& mine = by_member[member];
  const Region region = footprint.region();
  if (!mine.empty()) {
    const Access& last = mine.back();
    if (last.epoch == epoch && last.instruction == instruction && last.writes == writes &&
        last.region == region) {
      return;
    }
  }
  mine.push_back({footprint, region, epoch, writes, instruction});
}

// Whether what the member did in its epoch was over when the other's epoch began.
bool Sharing::ordered(size_t member, uint32_t epoch, size_t other, uint32_t other_epoch) const {
  return clocks_[other][other_epoch][member] > epoch;
}

void Sharing::races_between(size_t shared, size_t member, size_t other, size_t most,
                            std::vector<Race>& races) const {
  const std::vector<std::vector<Access>>& by_member = accesses_.at(shared);
  // By first byte, so that what cannot overlap is not looked at.
  std::vector<const Access*> others;
  int64_t longest = 0;
  for (const Access& access : by_member[other]) {
    others.push_back(&access);
    longest = std::max(longest, access.region.end_byte - access.region.first_byte);
  }
  std::ranges::sort(others, {}, [](const Access* a) { return a->region.first_byte; });
  std::set<std::pair<uint32_t, uint32_t>> told;
  for (const Access& mine : by_member[member]) {
    auto at = std::ranges::lower_bound(others, mine.region.first_byte - longest, {},
                                       [](const Access* a) { return a->region.first_byte; });
    for (; at != others.end() && (*at)->region.first_byte < mine.region.end_byte; ++at) {
      const Access& their = **at;
      if (races.size() >= most) return;
      if ((!mine.writes && !their.writes) || ordered(member, mine.epoch, other, their.epoch) ||
          ordered(other, their.epoch, member, mine.epoch) ||
          !mine.footprint.overlaps(their.footprint)) {
        continue;
      }
      if (!told.emplace(mine.instruction, their.instruction).second) continue;
      races.push_back({shared, member, other, &mine, &their});
    }
  }
}

std::vector<Sharing::Race> Sharing::races(size_t most) const {
  std::vector<Race> races;
  for (const auto& [shared, by_member] : accesses_) {
    for (size_t member = 0; member < by_member.size(); ++member) {
      for (size_t other = 0; other < member; ++other) {
        races_between(shared, other, member, most, races);
      }
    }
  }
  return races;
}

}  // namespace kiln
