// Owners: who is alive at an instruction, the tensors of one source line together.
#pragma once

#include <string>
#include <vector>

#include "kiln/placement/placement.h"

namespace kiln {

struct OwnerGroup {
  std::vector<StorageId> storages;  // alike, and allocated at one line; in order
  LiveRange range;                  // of all of them
  int64_t bytes_each = 0;

  int64_t bytes() const { return bytes_each * static_cast<int64_t>(storages.size()); }
};

// What the tensors of a group have in common: tensors with the same key are of one group.
struct OwnerKey {
  SourceLocation location;
  std::string name;  // where there is no line
  DType dtype = DType::float32;
  int64_t partitions = 0;
  int64_t bytes = 0;  // of a partition

  friend bool operator==(const OwnerKey&, const OwnerKey&) = default;
};
OwnerKey owner_key(const Storage& storage);

// The largest first; of the lives whose `part` contains the instruction.
std::vector<OwnerGroup> owners_at(const Program& program, const Placement& placement, Memory memory,
                                  uint32_t instruction, LiveRange Life::* part = &Life::range);

}  // namespace kiln
