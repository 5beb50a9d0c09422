// Diagnostics: what is wrong with the user's program. They are collected in a Report, never thrown;
// recording goes on after an error so that several mistakes are reported together.
#pragma once

#include <fmt/format.h>

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "kiln/base/source_location.h"

namespace kiln {

enum class Severity : uint8_t { advice, warning, error };

// One kind of diagnostic. A module's kinds stand in its diagnostic_kinds.h; a kind without a golden
// in tests/error fails the build's tests.
struct DiagnosticKind {
  std::string_view id;  // stable, snake_case, printed in brackets after the message
  Severity severity;
  std::string_view explanation;  // one sentence on the rule behind it
  std::string_view example;      // NKI that breaks the rule
  std::string_view fix;          // the edit that usually helps, one clause
};

// Another line that a diagnostic is about, and what happens there.
struct Note {
  std::string message;
  SourceLocation location;
};

struct Diagnostic {
  const DiagnosticKind* kind;
  std::string message;  // lower case, no full stop: what was seen, and the limit
  SourceLocation location;
  std::vector<Note> notes = {};
  int64_t count = 1;  // how often it was seen at this line, also with other numbers in the message
};

class Report {
 public:
  // Diagnostics reported from here on belong to this line, and to the named instruction or call.
  void at(SourceLocation location, std::string_view subject) {
    location_ = location;
    subject_ = subject;
  }

  template <class... Args>
  void add(const DiagnosticKind& kind, fmt::format_string<Args...> message, Args&&... args) {
    add_text(kind, fmt::format(message, std::forward<Args>(args)...));
  }
  void add(const DiagnosticKind& kind, std::string message, std::vector<Note> notes) {
    add_text(kind, std::move(message), std::move(notes));
  }

  std::span<const Diagnostic> diagnostics() const { return diagnostics_; }
  bool has_errors() const { return errors_ > 0; }
  size_t error_count() const { return errors_; }

 private:
  void add_text(const DiagnosticKind& kind, std::string message, std::vector<Note> notes = {});

  // Of one kind at one line.
  using Place = std::tuple<const DiagnosticKind*, FileId, uint32_t>;

  std::vector<Diagnostic> diagnostics_;
  std::map<Place, std::vector<size_t>> at_place_;  // into diagnostics_
  SourceLocation location_;
  std::string_view subject_;
  size_t errors_ = 0;
};

// "kernel.py:12: error: tensor_tensor: dst has 64 partitions, data1 has 128 [partition_mismatch]"
std::string to_string(const Diagnostic& diagnostic, const FileTable& files);

}  // namespace kiln
