// Owners: who is alive at an instruction, the tensors of one source line together.
#pragma once

#include <vector>

#include "kiln/placement/placement.h"

namespace kiln {

struct OwnerGroup {
  std::vector<StorageId> storages;  // alike, and allocated at one line; in order
  LiveRange range;                  // of all of them
  int64_t bytes_each = 0;

  int64_t bytes() const { return bytes_each * static_cast<int64_t>(storages.size()); }
};

// The largest first.
std::vector<OwnerGroup> owners_at(const Program& program, const Placement& placement,
                                  Memory memory, uint32_t instruction);

}  // namespace kiln
