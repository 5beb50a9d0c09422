#include "kiln/program/program.h"

#include <array>

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

std::vector<std::pair<std::string_view, int64_t>> count_by_kind(const Program& program) {
  std::array<int64_t, AllInstructions::size> counts{};
  for (const Instruction& instruction : program.code) ++counts[instruction.index()];
  std::vector<std::pair<std::string_view, int64_t>> result;
  size_t kind = 0;
  AllInstructions::for_each([&](auto tag) {
    using T = typename decltype(tag)::type;
    if (counts[kind] > 0) result.emplace_back(T::spec.name, counts[kind]);
    ++kind;
  });
  return result;
}

std::string_view name_of(const Instruction& instruction) {
  return std::visit([](const auto& i) { return std::decay_t<decltype(i)>::spec.name; },
                    instruction);
}

}  // namespace kiln
