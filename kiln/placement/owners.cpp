#include "kiln/placement/owners.h"

#include <map>
#include <tuple>

namespace kiln {

std::vector<OwnerGroup> owners_at(const Program& program, const Placement& placement,
                                  Memory memory, uint32_t instruction) {
  // Without a line, a name tells what belongs together.
  using Key = std::tuple<uint32_t, uint32_t, std::string, DType, int64_t, int64_t>;
  std::map<Key, OwnerGroup> groups;
  for (const Life& life : placement.lives) {
    if (life.range.first > instruction) break;
    if (!life.range.contains(instruction)) continue;
    const Storage& s = program.tiles.storage(life.storage);
    if (s.memory != memory) continue;
    const SourceLocation& at = s.location;
    OwnerGroup& group =
        groups[{at.file.value, at.line, at.file.valid() ? std::string() : s.name, s.dtype,
                s.partitions(), s.row_bytes()}];
    group.storages.push_back(life.storage);
    group.range = group.range.joined(life.range);
    group.bytes_each = s.row_bytes();
  }
  std::vector<OwnerGroup> owners;
  for (auto& [key, group] : groups) {
    std::sort(group.storages.begin(), group.storages.end());
    owners.push_back(std::move(group));
  }
  std::stable_sort(owners.begin(), owners.end(), [](const OwnerGroup& a, const OwnerGroup& b) {
    return a.bytes() > b.bytes();
  });
  return owners;
}

}  // namespace kiln
