#include "kiln/session/diagnostic_registry.h"

#include "kiln/base/diagnostic_kinds.h"
#include "kiln/checker/diagnostic_kinds.h"
#include "kiln/placement/diagnostic_kinds.h"

namespace kiln {

std::vector<const DiagnosticKind*> all_diagnostic_kinds() {
  std::vector<const DiagnosticKind*> kinds;
  const auto add = [&](const auto& of_module) {
    for (const DiagnosticKind* kind : of_module) kinds.push_back(kind);
  };
  add(diag::all);
  add(diag::placement_kinds);
  add(diag::checker_kinds);
  return kinds;
}

}  // namespace kiln
