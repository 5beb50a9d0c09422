#include "kiln/placement/owners.h"

#include <unordered_map>

namespace kiln {

namespace {

struct KeyHash {
  size_t operator()(const OwnerKey& key) const {
    size_t hash = std::hash<std::string>()(key.name);
    for (const int64_t part : {int64_t{key.location.file.value}, int64_t{key.location.line},
                               static_cast<int64_t>(key.dtype), key.partitions, key.bytes}) {
      hash = hash * 1'000'003 + static_cast<size_t>(part);
    }
    return hash;
  }
};

}  // namespace

OwnerKey owner_key(const Storage& storage) {
  return {.location = storage.location,
          .name = storage.location.file.valid() ? std::string() : storage.name,
          .dtype = storage.dtype,
          .partitions = storage.partitions(),
          .bytes = storage.row_bytes()};
}

std::vector<OwnerGroup> owners_at(const Program& program, const Placement& placement, Memory memory,
                                  uint32_t instruction, LiveRange Life::* part) {
  std::unordered_map<OwnerKey, size_t, KeyHash> group_of;
  std::vector<OwnerGroup> owners;
  for (const Life& life : placement.lives) {
    if (life.range.first > instruction) break;
    if (!(life.*part).contains(instruction)) continue;
    const Storage& storage = program.tiles.storage(life.storage);
    if (storage.memory != memory) continue;
    const auto [found, added] = group_of.try_emplace(owner_key(storage), owners.size());
    if (added) owners.push_back({.bytes_each = storage.row_bytes()});
    OwnerGroup& group = owners[found->second];
    group.storages.push_back(life.storage);
    group.range = group.range.joined(life.range);
  }
  for (OwnerGroup& group : owners) std::sort(group.storages.begin(), group.storages.end());
  std::sort(owners.begin(), owners.end(), [](const OwnerGroup& a, const OwnerGroup& b) {
    return a.bytes() != b.bytes() ? a.bytes() > b.bytes() : a.storages[0] < b.storages[0];
  });
  return owners;
}

}  // namespace kiln
