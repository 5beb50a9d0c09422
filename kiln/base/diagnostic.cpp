#include "kiln/base/diagnostic.h"

namespace kiln {

void Report::add_text(const DiagnosticKind& kind, std::string message) {
  if (!subject_.empty()) message = fmt::format("{}: {}", subject_, message);
  // A kernel loop repeats one mistake on one line thousands of times; it is told once.
  for (const Diagnostic& seen : diagnostics_) {
    if (seen.kind == &kind && seen.location == location_ && seen.message == message) return;
  }
  if (kind.severity == Severity::error) ++errors_;
  diagnostics_.push_back({&kind, std::move(message), location_});
}

std::string to_string(const Diagnostic& diagnostic, const FileTable& files) {
  static constexpr std::string_view names[] = {"advice", "warning", "error"};
  const std::string where = files.describe(diagnostic.location);
  return fmt::format("{}{}{}: {} [{}]", where, where.empty() ? "" : ": ",
                     names[static_cast<int>(diagnostic.kind->severity)], diagnostic.message,
                     diagnostic.kind->id);
}

}  // namespace kiln
