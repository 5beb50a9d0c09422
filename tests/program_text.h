// Programs from their text form, for tests.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "kiln/program/text.h"

#include <doctest/doctest.h>

namespace kiln {

// The program of what stands behind the head of a text; its source file is k.py.
inline std::shared_ptr<const Program> parsed_program(std::string_view body,
                                                     std::string_view target = "gen3") {
  std::string head = "kiln 1\nkernel \"k\"\ntarget " + std::string(target) + "\n";
  if (body.starts_with("registers")) {
    head += body.substr(0, body.find('\n') + 1);
    body.remove_prefix(body.find('\n') + 1);
  }
  const Result<ParsedProgram> parsed =
      parse_program(head + "file 0 \"k.py\"\n" + std::string(body));
  if (!parsed.ok()) FAIL(parsed.error().message);
  for (const Diagnostic& d : parsed->report.diagnostics()) {
    FAIL_CHECK(to_string(d, parsed->program->files));
  }
  return parsed->program;
}

}  // namespace kiln
