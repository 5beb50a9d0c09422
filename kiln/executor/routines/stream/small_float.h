// Floating types of 8 bits or fewer with a sign, in registers: bits to float32 and back.
#pragma once

#include <bit>

#include "kiln/executor/routines/simd.h"

namespace kiln::KILN_CPU_LEVEL {

// The parts of the type, and what is not a number among its bits.
struct Encoding {
  int exponent_bits;
  int mantissa_bits;
  uint32_t largest;   // finite
  uint32_t beyond;    // what is larger rounds to this
  uint32_t nan;       // added to the sign
  uint32_t infinity;  // 0: there is none

  constexpr int bias() const { return (1 << (exponent_bits - 1)) - 1; }
  constexpr int sign_bit() const { return exponent_bits + mantissa_bits; }
};
inline constexpr Encoding e4m3{4, 3, 0x77, 0x78, 0x7C, 0x78};
inline constexpr Encoding e4m3fn{4, 3, 0x7E, 0x7F, 0x7F, 0};
inline constexpr Encoding e5m2{5, 2, 0x7B, 0x7C, 0x7E, 0x7C};
// Its NaN is a zero of the other sign.
inline constexpr Encoding e2m1fn{2, 1, 0x7, 0x7, 0x8, 0};

constexpr float power_of_two(int exponent) {
  return std::bit_cast<float>(static_cast<uint32_t>(exponent + 127) << 23);
}

template <Encoding e>
HWY_INLINE Vec<Floats> widen_small(Vec<Words> bits) {
  constexpr Floats f32;
  constexpr Words u32;
  constexpr Ints i32;
  constexpr int shift = 23 - e.mantissa_bits;
  const auto magnitude = hn::And(bits, hn::Set(u32, (1u << e.sign_bit()) - 1));
  const auto sign_bit = hn::Set(u32, 1u << e.sign_bit());
  const auto sign = hn::ShiftLeft<31 - e.sign_bit()>(hn::And(bits, sign_bit));

  constexpr uint32_t rebias = static_cast<uint32_t>(127 - e.bias()) << 23;
  const auto normal = hn::Add(hn::ShiftLeft<shift>(magnitude), hn::Set(u32, rebias));
  constexpr float step = power_of_two(1 - e.bias() - e.mantissa_bits);
  const auto whole = hn::ConvertTo(f32, hn::BitCast(i32, magnitude));
  const auto subnormal = hn::BitCast(u32, hn::Mul(whole, hn::Set(f32, step)));
  const auto is_subnormal = hn::Lt(magnitude, hn::Set(u32, 1u << e.mantissa_bits));
  auto value = hn::IfThenElse(is_subnormal, subnormal, normal);
  value =
      hn::IfThenElse(hn::Gt(magnitude, hn::Set(u32, e.largest)), hn::Set(u32, 0x7FC00000), value);
  if constexpr (e.infinity != 0) {
    value = hn::IfThenElse(hn::Eq(magnitude, hn::Set(u32, e.infinity)), hn::Set(u32, 0x7F800000),
                           value);
  }
  return hn::BitCast(f32, hn::Or(value, sign));
}

template <Encoding e>
HWY_INLINE Vec<Words> narrow_small(Vec<Floats> value) {
  constexpr Floats f32;
  constexpr Words u32;
  constexpr int shift = 23 - e.mantissa_bits;
  const auto bits = hn::BitCast(u32, value);
  const auto magnitude = hn::And(bits, hn::Set(u32, 0x7FFFFFFF));
  const auto sign = hn::ShiftLeft<e.sign_bit()>(hn::ShiftRight<31>(bits));

  // A carry out of the mantissa raises the exponent, as it should.
  const auto odd = hn::And(hn::ShiftRight<shift>(magnitude), hn::Set(u32, 1));
  const auto half = hn::Add(odd, hn::Set(u32, (1u << (shift - 1)) - 1));
  constexpr uint32_t rebias = static_cast<uint32_t>(127 - e.bias()) << e.mantissa_bits;
  const auto normal =
      hn::Sub(hn::ShiftRight<shift>(hn::Add(magnitude, half)), hn::Set(u32, rebias));
  // A float32 of this size has the format's smallest value as its last digit.
  const auto coarse = hn::Set(f32, power_of_two(1 - e.bias() + shift));
  const auto sum = hn::Add(hn::BitCast(f32, magnitude), coarse);
  const auto subnormal = hn::Sub(hn::BitCast(u32, sum), hn::BitCast(u32, coarse));
  constexpr auto smallest_normal = std::bit_cast<uint32_t>(power_of_two(1 - e.bias()));
  const auto is_subnormal = hn::Lt(magnitude, hn::Set(u32, smallest_normal));
  auto result = hn::IfThenElse(is_subnormal, subnormal, normal);
  result = hn::Or(hn::Min(result, hn::Set(u32, e.beyond)), sign);
  const auto is_nan = hn::Gt(magnitude, hn::Set(u32, 0x7F800000));
  return hn::IfThenElse(is_nan, hn::Xor(sign, hn::Set(u32, e.nan)), result);
}

}  // namespace kiln::KILN_CPU_LEVEL
