#include "kiln/program/program.h"

namespace kiln {

int loop_depth_change(const Program& program, size_t i) {
  const Instruction& code = program.code[i];
  if (std::holds_alternative<Loop>(code) || std::holds_alternative<WhileLoop>(code)) return 1;
  if (std::holds_alternative<EndLoop>(code) || std::holds_alternative<EndWhile>(code)) return -1;
  return 0;
}

std::vector<uint32_t> loop_partners(const Program& program) {
  std::vector<uint32_t> partners(program.code.size());
  std::vector<uint32_t> open;
  for (uint32_t i = 0; i < program.code.size(); ++i) {
    const int change = loop_depth_change(program, i);
    if (change > 0) {
      open.push_back(i);
    } else if (change < 0) {
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
