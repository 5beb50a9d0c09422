// Sequence: which instructions of a program are executed, one after the other, loops followed.
#pragma once

#include <cstdint>
#include <vector>

#include "kiln/base/result.h"
#include "kiln/program/program.h"

namespace kiln {

// Indices into the code, without the loops' own instructions. An Error if a loop depends on a value
// in memory, which only an execution knows, or if there are more than `steps_max`.
Result<std::vector<uint32_t>> sequence_of(const Program& program, size_t steps_max = 100'000'000);

}  // namespace kiln
