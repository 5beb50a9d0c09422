#include "kiln/executor/cpu.h"

#include <fmt/format.h>
#include <hwy/targets.h>

#include <cstdlib>

#include "kiln/executor/routines/built_levels.h"

namespace kiln {

namespace {

bool is_built(CpuLevel level) {
  switch (level) {
#define KILN_LEVEL_IS_BUILT(name) case CpuLevel::name:
    KILN_EACH_BUILT_LEVEL(KILN_LEVEL_IS_BUILT)
#undef KILN_LEVEL_IS_BUILT
    return true;
    default:
      return false;
  }
}

// Highway's bits for the instruction sets that a level's compile flags name; 0: none needed.
int64_t needed_targets(CpuLevel level) {
  switch (level) {
    case CpuLevel::scalar:
      return 0;
    case CpuLevel::neon:
      return HWY_NEON;
    case CpuLevel::avx2:
      return HWY_AVX2;
    case CpuLevel::avx512:
      return HWY_AVX2 | HWY_AVX3;
  }
  return 0;
}

}  // namespace

bool is_available(CpuLevel level) {
  static const int64_t supported = hwy::SupportedTargets();
  const int64_t needed = needed_targets(level);
  return is_built(level) && (supported & needed) == needed;
}

CpuLevel best_cpu_level() {
  for (size_t i = EnumNames<CpuLevel>::names.size(); i-- > 0;) {
    const auto level = static_cast<CpuLevel>(i);
    if (is_available(level)) return level;
  }
  return CpuLevel::scalar;
}

Result<CpuLevel> find_cpu_level(std::string_view name) {
  const std::optional<CpuLevel> level = from_name<CpuLevel>(name);
  if (!level) {
    return Error{fmt::format("'{}' is not a cpu level; there are {}", name,
                             fmt::join(EnumNames<CpuLevel>::names, ", "))};
  }
  if (!is_available(*level)) {
    return Error{fmt::format("cpu level '{}' is not available {}", name,
                             is_built(*level) ? "on this cpu" : "in this build")};
  }
  return *level;
}

Result<CpuLevel> chosen_cpu_level() {
  const char* name = std::getenv("KILN_CPU");
  if (name == nullptr || *name == '\0') return best_cpu_level();
  return find_cpu_level(name);
}

}  // namespace kiln
