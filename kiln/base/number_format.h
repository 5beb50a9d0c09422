// Conversions between storage types and float32, one element at a time: the meaning that every
// fast routine is compared with. Rounding is to nearest, ties to even. Not for packed types.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "kiln/base/dtype.h"

namespace kiln {

// The stored bits of one element, in the low bits.
using Bits = uint32_t;

namespace internal {
float widen(DType dtype, Bits bits);
Bits narrow(DType dtype, float value);
}  // namespace internal

// Widens to float32. Exact for every floating type; int32 and uint32 round to nearest even. The low
// 13 bits of a tfloat32 are ignored.
inline float to_float32(DType dtype, Bits bits) {
  return dtype == DType::float32 ? std::bit_cast<float>(bits) : internal::widen(dtype, bits);
}

// Narrows from float32. Floating types round to nearest even. What is too large becomes infinity
// where the type has one, the largest value in float4_e2m1fn and NaN in the others. NaN stays NaN,
// and is a zero in float4_e2m1fn. float8_e8m0fnu has no sign and no zero, which become NaN, and
// rounds ties up. Integers round to nearest even and saturate, NaN becomes 0; bool is value != 0.
inline Bits from_float32(DType dtype, float value) {
  return dtype == DType::float32 ? std::bit_cast<Bits>(value) : internal::narrow(dtype, value);
}

// Reads one stored element of size_bytes(dtype).
inline Bits load_bits(DType dtype, const std::byte* address) {
  switch (size_bytes(dtype)) {
    case 1:
      return static_cast<Bits>(*address);
    case 2: {
      uint16_t bits;
      std::memcpy(&bits, address, sizeof bits);
      return bits;
    }
    default: {
      uint32_t bits;
      std::memcpy(&bits, address, sizeof bits);
      return bits;
    }
  }
}

// Writes one stored element of size_bytes(dtype).
inline void store_bits(DType dtype, std::byte* address, Bits bits) {
  switch (size_bytes(dtype)) {
    case 1:
      *address = static_cast<std::byte>(bits);
      return;
    case 2: {
      const auto half = static_cast<uint16_t>(bits);
      std::memcpy(address, &half, sizeof half);
      return;
    }
    default:
      std::memcpy(address, &bits, sizeof bits);
  }
}

inline float load_float32(DType dtype, const std::byte* address) {
  return to_float32(dtype, load_bits(dtype, address));
}
inline void store_float32(DType dtype, std::byte* address, float value) {
  store_bits(dtype, address, from_float32(dtype, value));
}

// to_float32 of n elements that follow one another at `from`.
void convert_to_float32(DType dtype, const std::byte* from, float* to, size_t n);
// from_float32 of n values, stored one after another at `to`.
void convert_from_float32(DType dtype, const float* from, std::byte* to, size_t n);

// float32 with the mantissa rounded to tfloat32's 10 bits, the low 13 bits zero.
float round_to_tfloat32(float value);

}  // namespace kiln
