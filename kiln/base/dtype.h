// DType: NKI's storage types. Conversions are in number_format.h.
#pragma once

#include <array>
#include <cstdint>

#include "kiln/base/enum_names.h"

namespace kiln {

enum class DType : uint8_t {
  bool_,
  int8,
  int16,
  int32,
  uint8,
  uint16,
  uint32,
  float16,
  float32,
  bfloat16,
  tfloat32,       // 1 sign, 8 exponent, 10 mantissa bits, in the upper bits of a 32-bit word
  float8_e4m3,    // IEEE style: infinity, largest finite 240
  float8_e4m3fn,  // OCP: no infinity, largest finite 448
  float8_e5m2,
  float8_e8m0fnu,    // power-of-two scale, 0xFF is NaN
  float4_e2m1fn,     // one element a byte when unpacked; stored only as part of float4_e2m1fn_x4
  float8_e5m2_x4,    // four elements in 4 bytes, the first in the lowest bits
  float8_e4m3fn_x4,  // as above
  float4_e2m1fn_x4,  // four elements in 2 bytes, the first in the lowest bits
};

template <>
struct EnumNames<DType> {
  static constexpr std::string_view type = "dtype";
  static constexpr std::array<std::string_view, 19> names{"bool",
                                                          "int8",
                                                          "int16",
                                                          "int32",
                                                          "uint8",
                                                          "uint16",
                                                          "uint32",
                                                          "float16",
                                                          "float32",
                                                          "bfloat16",
                                                          "tfloat32",
                                                          "float8_e4m3",
                                                          "float8_e4m3fn",
                                                          "float8_e5m2",
                                                          "float8_e8m0fnu",
                                                          "float4_e2m1fn",
                                                          "float8_e5m2_x4",
                                                          "float8_e4m3fn_x4",
                                                          "float4_e2m1fn_x4"};
};

enum class NumberKind : uint8_t { boolean, signed_integer, unsigned_integer, floating, packed };

struct DTypeInfo {
  uint8_t bytes;
  NumberKind kind;
};

constexpr DTypeInfo info(DType dtype) {
  using enum NumberKind;
  constexpr std::array<DTypeInfo, 19> table{{{1, boolean},
                                             {1, signed_integer},
                                             {2, signed_integer},
                                             {4, signed_integer},
                                             {1, unsigned_integer},
                                             {2, unsigned_integer},
                                             {4, unsigned_integer},
                                             {2, floating},
                                             {4, floating},
                                             {2, floating},
                                             {4, floating},
                                             {1, floating},
                                             {1, floating},
                                             {1, floating},
                                             {1, floating},
                                             {1, floating},
                                             {4, packed},
                                             {4, packed},
                                             {2, packed}}};
  return table[static_cast<size_t>(dtype)];
}

constexpr int64_t size_bytes(DType dtype) { return info(dtype).bytes; }

constexpr bool is_floating(DType dtype) { return info(dtype).kind == NumberKind::floating; }

constexpr bool is_packed(DType dtype) { return info(dtype).kind == NumberKind::packed; }

// Signed and unsigned integers and bool: what bitwise operators take.
constexpr bool is_integer(DType dtype) { return !is_floating(dtype) && !is_packed(dtype); }

}  // namespace kiln
