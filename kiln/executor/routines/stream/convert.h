// Conversions between stored elements and 32-bit words, for elements next to each other.
#pragma once

#include <cstddef>

#include "kiln/base/dtype.h"
#include "kiln/executor/routines/simd.h"

namespace kiln::KILN_CPU_LEVEL {

// What a word is: the element's value as float32, or its bit pattern in the low bits.
enum class As : uint8_t { value, bits };

// Both null if the elements are words already.
struct Conversion {
  void (*read)(const std::byte* from, float* to, int64_t n) = nullptr;
  void (*write)(const float* from, std::byte* to, int64_t n) = nullptr;
};

// Not for packed types as values.
Conversion conversion(DType dtype, As as);

}  // namespace kiln::KILN_CPU_LEVEL
