#include "kiln/base/diagnostic.h"

#include "kiln/base/severity_names.h"

namespace kiln {

// A kernel's loop repeats one mistake on one line thousands of times, with other numbers in each:
// so many are told, and the rest are counted with the last of them.
constexpr size_t told_at_one_place_max = 3;

void Report::add_text(const DiagnosticKind& kind, std::string message, std::vector<Note> notes) {
  if (!subject_.empty()) message = fmt::format("{}: {}", subject_, message);
  std::vector<size_t>& here = at_place_[{&kind, location_.file, location_.line}];
  for (size_t i : here) {
    if (diagnostics_[i].message == message) {
      ++diagnostics_[i].count;
      return;
    }
  }
  if (kind.severity == Severity::error) ++errors_;
  if (location_.file.valid() && here.size() == told_at_one_place_max) {
    ++diagnostics_[here.back()].count;
    return;
  }
  here.push_back(diagnostics_.size());
  diagnostics_.push_back({&kind, std::move(message), location_, std::move(notes)});
}

std::string to_string(const Diagnostic& diagnostic, const FileTable& files) {
  const std::string where = files.describe(diagnostic.location);
  return fmt::format("{}{}{}: {} [{}]", where, where.empty() ? "" : ": ",
                     name_of(diagnostic.kind->severity), diagnostic.message, diagnostic.kind->id);
}

}  // namespace kiln
