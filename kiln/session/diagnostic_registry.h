// The registry of diagnostics: every kind Kiln can report, once.
#pragma once

#include <vector>

#include "kiln/base/diagnostic.h"

namespace kiln {

// In the order in which a program meets them: recording, placement, checks.
std::vector<const DiagnosticKind*> all_diagnostic_kinds();

}  // namespace kiln
