#include "kiln/checker/findings.h"

#include <fmt/format.h>

namespace kiln {

SourceLocation Findings::translate(const Place& place) {
  if (!place.location.file.valid()) return {};
  return {files_.add(place.program->files.path(place.location.file)), place.location.line};
}

void Findings::add(const DiagnosticKind& kind, const Place& place, std::string_view subject,
                   std::string message, const std::vector<Remark>& remarks) {
  std::vector<Note> notes;
  for (const Remark& remark : remarks) {
    if (!remark.place.location.file.valid()) continue;
    notes.push_back({remark.message, translate(remark.place)});
  }
  report_.at(translate(place), subject);
  report_.add(kind, std::move(message), std::move(notes));
}

void Findings::add(const Program& program, const Report& report) {
  for (const Diagnostic& diagnostic : report.diagnostics()) {
    std::vector<Remark> remarks;
    for (const Note& note : diagnostic.notes) {
      remarks.push_back({note.message, {&program, note.location}});
    }
    add(*diagnostic.kind, {&program, diagnostic.location}, "", diagnostic.message, remarks);
  }
}

std::string describe(const Program& program, const Storage& storage) {
  if (!storage.name.empty()) return fmt::format("'{}'", storage.name);
  const std::string where = program.files.describe(storage.location);
  return fmt::format("the {} tensor{}", name_of(storage.memory),
                     where.empty() ? "" : " of " + where);
}

}  // namespace kiln
