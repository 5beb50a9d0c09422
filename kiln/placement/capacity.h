// Whether a placed program fits the memories of its machine, and whether the addresses that the
// kernel gives can be kept.
#pragma once

#include "kiln/base/diagnostic.h"
#include "kiln/placement/placement.h"

namespace kiln {

// Reports the kinds in placement/diagnostic_kinds.h. What it calls too large is too large for any
// placement that keeps the program's order.
void check_capacity(const Program& program, const Placement& placement, Report& report);

}  // namespace kiln
