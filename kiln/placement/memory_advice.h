// Which one change of the kernel lowers the peak of a memory most.
#pragma once

#include "kiln/placement/memory_report.h"

namespace kiln {

// `use` has the owners at its peak. Each change is tried by computing the peak again without it.
MemoryAdvice memory_advice(const Program& program, const Placement& placement,
                           const MemoryUse& use);

}  // namespace kiln
