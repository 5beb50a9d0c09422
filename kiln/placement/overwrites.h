// Overwrites: tensors with explicit addresses whose contents another tensor at the same place
// destroys before they are read for the last time. Places may be shared as long as that does not
// happen: a buffer that goes round, a stack of scopes, two tensors that are written anew in turn.
#pragma once

#include <vector>

#include "kiln/placement/placement.h"

namespace kiln {

struct Overwrite {
  StorageId lost;  // was written, and is read again at `read`
  StorageId by;    // was written at `written` in between
  uint32_t written = 0;
  uint32_t read = 0;
};

// Each pair of storages at most once, and not more than a few hundred, in the order of `read`.
std::vector<Overwrite> find_overwrites(const Program& program, const Placement& placement);

}  // namespace kiln
