// CpuLevel: which vector instructions the routines may use.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "kiln/base/enum_names.h"
#include "kiln/base/result.h"

namespace kiln {

// In the order of preference, the last first. `scalar` is portable C++ and always available.
enum class CpuLevel : uint8_t { scalar, neon, avx2, avx512 };

template <>
struct EnumNames<CpuLevel> {
  static constexpr std::string_view type = "cpu level";
  static constexpr std::array<std::string_view, 4> names{"scalar", "neon", "avx2", "avx512"};
};

// Whether this process can run routines of the level: built in, and supported by the CPU.
bool is_available(CpuLevel level);

// The best available level.
CpuLevel best_cpu_level();

// The level of that name; an Error if there is none or it is not available.
Result<CpuLevel> find_cpu_level(std::string_view name);

// The level named in the environment variable KILN_CPU, else the best available one.
Result<CpuLevel> chosen_cpu_level();

}  // namespace kiln
