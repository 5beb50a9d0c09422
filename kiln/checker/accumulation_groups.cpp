#include "kiln/checker/accumulation_groups.h"

#include <algorithm>
#include <limits>

namespace kiln {

void AccumulationGroups::start(const Region& region, uint32_t instruction) {
  overwrite(region);
  groups_.push_back({.region = region, .first = instruction, .last = instruction});
}

std::optional<AccumulationGroups::Group> AccumulationGroups::add(const Region& region,
                                                                 uint32_t instruction) {
  std::optional<Group> before;
  for (Group& group : groups_) {
    if (!group.region.overlaps(region)) continue;
    if (!before || (group.read && !before->read)) before = group;
    group.last = instruction;
    group.read.reset();
  }
  return before;
}

std::optional<AccumulationGroups::Group> AccumulationGroups::begun_since(uint32_t instruction,
                                                                         const Region& region,
                                                                         int64_t bank_bytes) const {
  const Region banks{0, std::numeric_limits<int64_t>::max(),
                     region.first_byte / bank_bytes * bank_bytes,
                     (region.end_byte + bank_bytes - 1) / bank_bytes * bank_bytes};
  for (const Group& group : groups_) {
    if (group.first > instruction && group.region.overlaps(banks) &&
        !group.region.overlaps(region)) {
      return group;
    }
  }
  return std::nullopt;
}

bool AccumulationGroups::has(const Region& region) const {
  return std::ranges::any_of(groups_, [&](const Group& g) { return g.region.overlaps(region); });
}

void AccumulationGroups::read(const Region& region, uint32_t instruction) {
  for (Group& group : groups_) {
    if (group.region.overlaps(region)) group.read = instruction;
  }
}

void AccumulationGroups::overwrite(const Region& region) {
  std::erase_if(groups_, [&](const Group& g) { return g.region.overlaps(region); });
}

}  // namespace kiln
