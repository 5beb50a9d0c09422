// Inputs that a launch writes, so that it can be executed without changing what the caller has.
#pragma once

#include <span>
#include <vector>

#include "kiln/session/run.h"

namespace kiln {

// With copies of the inputs that are written; the others are shared.
std::vector<RankPrograms> with_copied_inputs(std::span<const RankPrograms> ranks);

}  // namespace kiln
