// Conversions of one-byte floating types by tables.
#pragma once

#include <cstdint>

#include "kiln/base/dtype.h"

namespace kiln::routines {

// The float32 of each byte.
const float* small_float_values(DType dtype);

// The byte of a float32, by the float32's upper 13 bits followed by whether any lower bit is set.
// The types have at most 3 mantissa bits, so the upper 4 and that one decide every rounding.
inline constexpr int small_float_key_bits = 14;
const uint8_t* small_float_bytes(DType dtype);

}  // namespace kiln::routines
