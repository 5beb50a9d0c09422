// The formats behind number_format.h. Each is a struct with `Stored`, the unsigned type of its
// bits, `widen` and `narrow`; with_format picks one by DType. The small floating types agree with
// ml_dtypes bit by bit; float16 agrees with IEEE 754 hardware, which makes a NaN quiet and keeps
// the upper bits of its payload.

#include "kiln/base/number_format.h"

#include <algorithm>
#include <limits>
#include <type_traits>

#include "kiln/base/check.h"

namespace kiln {

namespace {

constexpr uint32_t float32_infinity = 0x7F800000;
constexpr uint32_t float32_quiet_nan = 0x7FC00000;

constexpr float power_of_two(int exponent) {
  return std::bit_cast<float>(static_cast<uint32_t>(exponent + 127) << 23);
}

// A floating-point encoding of at most 16 bits: sign, exponent, mantissa.
struct Encoding {
  int exponent_bits;
  int mantissa_bits;
  Bits largest;   // finite, without its sign
  Bits beyond;    // what is larger rounds to this: infinity, NaN, or the largest again
  Bits nan;       // the NaN that narrowing makes; its sign is the value's
  Bits infinity;  // 0: there is none

  constexpr int bias() const { return (1 << (exponent_bits - 1)) - 1; }
  constexpr int sign_bit() const { return exponent_bits + mantissa_bits; }
  constexpr Bits magnitude(Bits bits) const { return bits & ((Bits{1} << sign_bit()) - 1); }
};

constexpr Encoding float16{5, 10, 0x7BFF, 0x7C00, 0x7E00, 0x7C00};
constexpr Encoding bfloat16{8, 7, 0x7F7F, 0x7F80, 0x7FC0, 0x7F80};
constexpr Encoding float8_e4m3{4, 3, 0x77, 0x78, 0x7C, 0x78};
constexpr Encoding float8_e4m3fn{4, 3, 0x7E, 0x7F, 0x7F, 0};
constexpr Encoding float8_e5m2{5, 2, 0x7B, 0x7C, 0x7E, 0x7C};
// The "NaN" is a zero of the other sign.
constexpr Encoding float4_e2m1fn{2, 1, 0x7, 0x7, 0x8, 0};

template <Encoding e>
constexpr float widen_encoded(Bits bits) {
  constexpr int shift = 23 - e.mantissa_bits;
  const Bits magnitude = e.magnitude(bits);
  const uint32_t sign = (bits >> e.sign_bit() & 1) << 31;
  if (magnitude > e.largest) {
    const bool is_infinity = magnitude == e.infinity;
    return std::bit_cast<float>(sign | (is_infinity ? float32_infinity : float32_quiet_nan));
  }
  if (magnitude >> e.mantissa_bits == 0) {  // zero or subnormal
    constexpr float step = power_of_two(1 - e.bias() - e.mantissa_bits);
    const float value = static_cast<float>(magnitude) * step;
    return std::bit_cast<float>(sign | std::bit_cast<uint32_t>(value));
  }
  constexpr uint32_t rebias = static_cast<uint32_t>(127 - e.bias()) << 23;
  return std::bit_cast<float>(sign | ((magnitude << shift) + rebias));
}

template <Encoding e>
constexpr Bits narrow_encoded(float value) {
  constexpr int shift = 23 - e.mantissa_bits;
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const uint32_t magnitude = bits & 0x7FFFFFFF;
  const Bits sign = (bits >> 31) << e.sign_bit();
  if (magnitude > float32_infinity) return sign ^ e.nan;

  // A carry out of the mantissa raises the exponent, as it should.
  constexpr uint32_t rebias = static_cast<uint32_t>(127 - e.bias()) << e.mantissa_bits;
  const uint32_t odd = magnitude >> shift & 1;
  Bits rounded = ((magnitude + (1u << (shift - 1)) - 1 + odd) >> shift) - rebias;
  if constexpr (e.bias() < 127) {
    constexpr float smallest_normal = power_of_two(1 - e.bias());
    if (magnitude < std::bit_cast<uint32_t>(smallest_normal)) {
      // A float32 of this size has the format's smallest value as its last digit.
      constexpr float coarse = power_of_two(1 - e.bias() + shift);
      rounded = std::bit_cast<uint32_t>(std::bit_cast<float>(magnitude) + coarse) -
                std::bit_cast<uint32_t>(coarse);
    }
  }
  return sign | std::min(rounded, e.beyond);
}

// Floating types of 8 bits or fewer: widening looks the value up.
template <Encoding e>
struct SmallFloat {
  using Stored = uint8_t;

  static constexpr auto values = [] {
    std::array<float, size_t{2} << e.sign_bit()> table{};
    for (size_t i = 0; i < table.size(); ++i) table[i] = widen_encoded<e>(static_cast<Bits>(i));
    return table;
  }();

  static float widen(Bits bits) { return values[bits & (values.size() - 1)]; }
  static Bits narrow(float value) { return narrow_encoded<e>(value); }
};

struct Float16 {
  using Stored = uint16_t;

  static float widen(Bits bits) {
    const float value = widen_encoded<float16>(bits);
    if (float16.magnitude(bits) <= float16.infinity) return value;
    return std::bit_cast<float>(std::bit_cast<uint32_t>(value) | (bits & 0x3FF) << 13);
  }
  static Bits narrow(float value) {
    const Bits bits = narrow_encoded<float16>(value);
    if (float16.magnitude(bits) <= float16.infinity) return bits;
    return bits | (std::bit_cast<uint32_t>(value) >> 13 & 0x3FF);
  }
};

struct Bfloat16 {
  using Stored = uint16_t;

  static float widen(Bits bits) { return std::bit_cast<float>(bits << 16); }
  static Bits narrow(float value) { return narrow_encoded<bfloat16>(value); }
};

struct Float32 {
  using Stored = uint32_t;

  static float widen(Bits bits) { return std::bit_cast<float>(bits); }
  static Bits narrow(float value) { return std::bit_cast<Bits>(value); }
};

struct Tfloat32 {
  using Stored = uint32_t;
  static constexpr uint32_t low = 0x1FFF;

  static float widen(Bits bits) {
    const bool is_nan = (bits & 0x7FFFFFFF) > float32_infinity;
    return std::bit_cast<float>((is_nan ? bits | float32_quiet_nan : bits) & ~low);
  }
  static Bits narrow(float value) {
    const uint32_t bits = std::bit_cast<uint32_t>(value);
    if ((bits & 0x7FFFFFFF) > float32_infinity) return (bits | float32_quiet_nan) & ~low;
    return (bits + (low >> 1) + (bits >> 13 & 1)) & ~low;
  }
};

// A biased exponent alone. Powers of two from 2^-127 (0) to 2^127 (254).
struct Float8E8m0fnu {
  using Stored = uint8_t;
  static constexpr Bits nan = 0xFF;

  static float widen(Bits bits) {
    if (bits == nan) return std::bit_cast<float>(float32_quiet_nan);
    return std::bit_cast<float>(bits == 0 ? 0x00400000 : bits << 23);
  }
  static Bits narrow(float value) {
    const uint32_t bits = std::bit_cast<uint32_t>(value);
    if (bits == 0 || bits >= float32_infinity) return nan;  // zero, negative, infinite, NaN
    // Between 2^-127 and 2^-126 ml_dtypes goes up from the first step, not from the middle.
    if (bits < 0x00800000) return bits > 0x00400000 ? 1 : 0;
    return (bits + 0x00400000) >> 23;
  }
};

template <class T>
struct Integer {
  using Stored = std::make_unsigned_t<T>;

  static float widen(Bits bits) { return static_cast<float>(static_cast<T>(bits)); }
  static Bits narrow(float value) {
    if (value != value) return 0;
    using Limits = std::numeric_limits<T>;
    const double clamped = std::clamp<double>(value, Limits::min(), Limits::max());
    // A double of this size counts in ones: the sum is rounded and its low bits are the integer.
    constexpr double in_ones = 0x1.8p52;
    return static_cast<Stored>(std::bit_cast<uint64_t>(clamped + in_ones));
  }
};

struct Bool {
  using Stored = uint8_t;

  static float widen(Bits bits) { return bits != 0 ? 1.0f : 0.0f; }
  static Bits narrow(float value) { return value != 0.0f ? 1 : 0; }
};

// Calls fn(format) with the format of dtype.
template <class Fn>
auto with_format(DType dtype, const Fn& fn) {
  switch (dtype) {
    case DType::bool_:
      return fn(Bool{});
    case DType::int8:
      return fn(Integer<int8_t>{});
    case DType::int16:
      return fn(Integer<int16_t>{});
    case DType::int32:
      return fn(Integer<int32_t>{});
    case DType::uint8:
      return fn(Integer<uint8_t>{});
    case DType::uint16:
      return fn(Integer<uint16_t>{});
    case DType::uint32:
      return fn(Integer<uint32_t>{});
    case DType::float16:
      return fn(Float16{});
    case DType::float32:
      return fn(Float32{});
    case DType::bfloat16:
      return fn(Bfloat16{});
    case DType::tfloat32:
      return fn(Tfloat32{});
    case DType::float8_e4m3:
      return fn(SmallFloat<float8_e4m3>{});
    case DType::float8_e4m3fn:
      return fn(SmallFloat<float8_e4m3fn>{});
    case DType::float8_e5m2:
      return fn(SmallFloat<float8_e5m2>{});
    case DType::float8_e8m0fnu:
      return fn(Float8E8m0fnu{});
    case DType::float4_e2m1fn:
      return fn(SmallFloat<float4_e2m1fn>{});
    case DType::float8_e5m2_x4:
    case DType::float8_e4m3fn_x4:
    case DType::float4_e2m1fn_x4:
      break;
  }
  KILN_CHECK(!is_packed(dtype));
  return fn(Float32{});
}

}  // namespace

float internal::widen(DType dtype, Bits bits) {
  return with_format(dtype, [&](auto format) { return format.widen(bits); });
}

Bits internal::narrow(DType dtype, float value) {
  return with_format(dtype, [&](auto format) { return format.narrow(value); });
}

void convert_to_float32(DType dtype, const std::byte* from, float* to, size_t n) {
  with_format(dtype, [&](auto format) {
    using Stored = typename decltype(format)::Stored;
    for (size_t i = 0; i < n; ++i) {
      Stored bits;
      std::memcpy(&bits, from + i * sizeof bits, sizeof bits);
      to[i] = format.widen(bits);
    }
  });
}

void convert_from_float32(DType dtype, const float* from, std::byte* to, size_t n) {
  with_format(dtype, [&](auto format) {
    using Stored = typename decltype(format)::Stored;
    for (size_t i = 0; i < n; ++i) {
      const auto bits = static_cast<Stored>(format.narrow(from[i]));
      std::memcpy(to + i * sizeof bits, &bits, sizeof bits);
    }
  });
}

float round_to_tfloat32(float value) { return Float32::widen(Tfloat32::narrow(value)); }

}  // namespace kiln
