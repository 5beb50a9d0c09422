// Diagnostics: what is wrong with the user's program. They are collected in a Report, never thrown;
// recording goes on after an error so that several mistakes are reported together.
#pragma once

#include <fmt/format.h>

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kiln/base/source_location.h"

namespace kiln {

enum class Severity : uint8_t { advice, warning, error };

// One kind of diagnostic. All kinds are listed in diagnostic_kinds.h, the registry; a kind without
// a golden in tests/error fails the build's tests.
struct DiagnosticKind {
  std::string_view id;  // stable, snake_case, printed in brackets after the message
  Severity severity;
  std::string_view explanation;  // one sentence on the rule behind it
};

struct Diagnostic {
  const DiagnosticKind* kind;
  std::string message;  // lower case, no full stop: what was seen, and the limit
  SourceLocation location;
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

  std::span<const Diagnostic> diagnostics() const { return diagnostics_; }
  bool has_errors() const { return errors_ > 0; }
  size_t error_count() const { return errors_; }

 private:
  void add_text(const DiagnosticKind& kind, std::string message);

  std::vector<Diagnostic> diagnostics_;
  SourceLocation location_;
  std::string_view subject_;
  size_t errors_ = 0;
};

// "kernel.py:12: error: tensor_tensor: dst has 64 partitions, data1 has 128 [partition_mismatch]"
std::string to_string(const Diagnostic& diagnostic, const FileTable& files);

}  // namespace kiln
