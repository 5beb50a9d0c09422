// Whether a placed program fits the memories of its machine, and whether the addresses that the
// kernel gives can be kept.
#pragma once

#include "kiln/base/diagnostic.h"
#include "kiln/placement/placement.h"

namespace kiln {

// Reports the kinds in placement/diagnostic_kinds.h. Out of memory is only what least_bytes() says
// to be; where that fits and no placement was found, there is a warning.
void check_capacity(const Program& program, const Placement& placement, Report& report);

}  // namespace kiln
