#include "kiln/program/program.h"

namespace kiln {

std::vector<uint32_t> loop_partners(const Program& program) {
  std::vector<uint32_t> partners(program.code.size());
  std::vector<uint32_t> open;
  for (uint32_t i = 0; i < program.code.size(); ++i) {
    const Instruction& instruction = program.code[i];
    if (std::holds_alternative<Loop>(instruction) ||
        std::holds_alternative<WhileLoop>(instruction)) {
      open.push_back(i);
    } else if (std::holds_alternative<EndLoop>(instruction) ||
               std::holds_alternative<EndWhile>(instruction)) {
      KILN_CHECK(!open.empty());
      partners[i] = open.back();
      partners[open.back()] = i;
      open.pop_back();
    }
  }
  KILN_CHECK(open.empty());
  return partners;
}

std::string_view name_of(const Instruction& instruction) {
  return std::visit([](const auto& i) { return std::decay_t<decltype(i)>::spec.name; },
                    instruction);
}

}  // namespace kiln
