// Routine: a vectorised CPU loop for one instruction. Routines live in family folders beside this
// file and are compiled once for each CPU level; one line in a family's routines.inc enters a
// routine into selection, tests and benchmarks. How a family is built: see stream/stream.h and
// simd.h first.
//
// A routine returns false, having written nothing, if it does not cover the instruction's form
// (dtype, operator, strides); the instruction's own execute() then runs. Missing is slow, never
// wrong. A routine that was faulted by a runtime index returns true.
//
// The bits of a result do not depend on the CPU level. They are those of execute(), but for the
// payload and sign of a NaN and where routines.inc states a tolerance.
#pragma once

#include <string_view>
#include <type_traits>
#include <vector>

#include "kiln/executor/cpu.h"
#include "kiln/executor/routines/activation/tolerance.h"
#include "kiln/executor/routines/built_levels.h"
#include "kiln/isa/instruction.h"
#include "kiln/isa/tile_memory.h"

namespace kiln {

template <class T>
using Routine = bool (*)(const T& instruction, TileMemory& memory);

// How closely a routine follows the reference meaning.
struct Tolerance {
  float ulps = 0;  // of the reference result in float32; 0: the same bits
};
inline constexpr Tolerance same_bits{0};

template <class T>
struct RoutineEntry {
  CpuLevel level;
  Routine<T> run;
  std::string_view name;  // "avx512/tensor_tensor"
  Tolerance tolerance;
};

#define KILN_DECLARE_ROUTINE(level, Type, function)           \
  namespace level {                                           \
  bool function(const Type& instruction, TileMemory& memory); \
  }
#define ROUTINE(Type, function, tolerance) \
  KILN_EACH_BUILT_LEVEL(KILN_DECLARE_ROUTINE, Type, function)
#include "kiln/executor/routines/all_routines.inc"
#undef ROUTINE
#undef KILN_DECLARE_ROUTINE

// The routines of T that this build has, from the lowest level to the highest.
template <class T>
const std::vector<RoutineEntry<T>>& routines_of() {
  static const std::vector<RoutineEntry<T>> entries = [] {
    std::vector<RoutineEntry<T>> list;
#define KILN_ROUTINE_ENTRY(level, Type, function, tolerance)                              \
  if constexpr (std::is_same_v<T, Type>) {                                                \
    list.push_back({CpuLevel::level, &level::function, #level "/" #function, tolerance}); \
  }
#define ROUTINE(Type, function, tolerance) \
  KILN_EACH_BUILT_LEVEL(KILN_ROUTINE_ENTRY, Type, function, tolerance)
#include "kiln/executor/routines/all_routines.inc"
#undef ROUTINE
#undef KILN_ROUTINE_ENTRY
    return list;
  }();
  return entries;
}

// The routine for T at `level`: the best entry not above it, or null if there is none.
template <class T>
const RoutineEntry<T>* find_routine(CpuLevel level) {
  const RoutineEntry<T>* best = nullptr;
  for (const RoutineEntry<T>& entry : routines_of<T>()) {
    if (entry.level <= level) best = &entry;
  }
  return best;
}

}  // namespace kiln
