// Whatever bytes it is given, the parser ends in a program or an Error, and what it reads is
// written and read again without loss.
#include <cstdint>
#include <string_view>

#include "kiln/base/check.h"
#include "kiln/program/text.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto parsed = kiln::parse_program({reinterpret_cast<const char*>(data), size});
  if (!parsed || parsed->report.has_errors()) return 0;
  const std::string text = kiln::to_text(*parsed->program);
  const auto again = kiln::parse_program(text);
  KILN_CHECK(again.ok());
  KILN_CHECK(kiln::to_text(*again->program) == text);
  return 0;
}
