// Schedule: which instructions must wait for which others, from their operand roles alone. Only
// for code without loops.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kiln/program/program.h"

namespace kiln {

struct Schedule {
  std::vector<uint32_t> waits_for;        // by instruction: how many others must end first
  std::vector<uint32_t> first_dependent;  // by instruction, an index into dependents
  std::vector<uint32_t> dependents;

  std::span<const uint32_t> dependents_of(size_t i) const {
    return std::span(dependents)
        .subspan(first_dependent[i], first_dependent[i + 1] - first_dependent[i]);
  }
};

// For code[first … last); instruction numbers in the schedule count from `first`.
Schedule make_schedule(const Program& program, size_t first, size_t last);

}  // namespace kiln
