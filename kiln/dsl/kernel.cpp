#include "kiln/dsl/kernel.h"

namespace kiln::dsl {

std::string Recorded::messages() const {
  std::string text;
  for (const Diagnostic& d : report.diagnostics()) {
    text += to_string(d, program->files);
    text += '\n';
  }
  return text;
}

}  // namespace kiln::dsl
