// The vector conversions behind convert.h, one struct for each format. Included by generic.h only.
#pragma once

#include <bit>
#include <limits>
#include <type_traits>

#include "kiln/base/number_format.h"
#include "kiln/executor/routines/stream/convert.h"
#include "kiln/executor/routines/stream/small_float.h"

namespace kiln::KILN_CPU_LEVEL {

namespace {

constexpr Floats f32;
constexpr Words u32;
constexpr Ints i32;
constexpr hn::Rebind<uint16_t, Floats> u16;

// A format has the stored type and conversions of one vector. Elements at the end that do not fill
// a vector go through scratch.
template <class Format>
void read_all(const std::byte* from, float* to, int64_t n) {
  using T = typename Format::Stored;
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    hn::StoreU(Format::widen(reinterpret_cast<const T*>(from) + i), f32, to + i);
  }
  if (i == n) return;
  T rest[lanes] = {};
  std::memcpy(rest, from + i * static_cast<int64_t>(sizeof(T)),
              static_cast<size_t>(n - i) * sizeof(T));
  float words[lanes];
  hn::StoreU(Format::widen(rest), f32, words);
  std::memcpy(to + i, words, static_cast<size_t>(n - i) * sizeof(float));
}

template <class Format>
void write_all(const float* from, std::byte* to, int64_t n) {
  using T = typename Format::Stored;
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    Format::narrow(hn::LoadU(f32, from + i), reinterpret_cast<T*>(to) + i);
  }
  if (i == n) return;
  float words[lanes] = {};
  std::memcpy(words, from + i, static_cast<size_t>(n - i) * sizeof(float));
  T rest[lanes];
  Format::narrow(hn::LoadU(f32, words), rest);
  std::memcpy(to + i * static_cast<int64_t>(sizeof(T)), rest,
              static_cast<size_t>(n - i) * sizeof(T));
}

struct Bfloat16 {
  using Stored = uint16_t;

  static Vec<Floats> widen(const Stored* from) {
    return hn::BitCast(f32, hn::ShiftLeft<16>(hn::PromoteTo(u32, hn::LoadU(u16, from))));
  }
  static void narrow(Vec<Floats> value, Stored* to) {
    const auto bits = hn::BitCast(u32, value);
    const auto odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(u32, 1));
    const auto rounded = hn::Add(bits, hn::Add(odd, hn::Set(u32, 0x7FFF)));
    const auto sign = hn::And(bits, hn::Set(u32, 0x80000000));
    const auto is_nan = hn::RebindMask(u32, hn::Not(hn::Eq(value, value)));
    const auto nan = hn::Or(sign, hn::Set(u32, 0x7FC00000));
    const auto high = hn::ShiftRight<16>(hn::IfThenElse(is_nan, nan, rounded));
    hn::StoreU(hn::TruncateTo(u16, high), u16, to);
  }
};

struct Float16 {
  using Stored = uint16_t;

  static Vec<Floats> widen(const Stored* from) {
    const hn::Rebind<hwy::float16_t, Floats> f16;
    return hn::PromoteTo(f32, hn::LoadU(f16, reinterpret_cast<const hwy::float16_t*>(from)));
  }
  static void narrow(Vec<Floats> value, Stored* to) {
    const hn::Rebind<hwy::float16_t, Floats> f16;
    hn::StoreU(hn::DemoteTo(f16, value), f16, reinterpret_cast<hwy::float16_t*>(to));
  }
};

struct Tfloat32 {
  using Stored = uint32_t;
  static constexpr uint32_t low = 0x1FFF;

  static Vec<Words> quiet(Vec<Words> bits) {
    const auto value = hn::BitCast(f32, bits);
    const auto is_nan = hn::RebindMask(u32, hn::Not(hn::Eq(value, value)));
    return hn::IfThenElse(is_nan, hn::Or(bits, hn::Set(u32, 0x7FC00000)), bits);
  }
  static Vec<Floats> widen(const Stored* from) {
    return hn::BitCast(f32, hn::AndNot(hn::Set(u32, low), quiet(hn::LoadU(u32, from))));
  }
  static void narrow(Vec<Floats> value, Stored* to) {
    const auto bits = hn::BitCast(u32, value);
    const auto odd = hn::And(hn::ShiftRight<13>(bits), hn::Set(u32, 1));
    const auto rounded = hn::Add(bits, hn::Add(odd, hn::Set(u32, low >> 1)));
    const auto is_nan = hn::RebindMask(u32, hn::Not(hn::Eq(value, value)));
    const auto result = hn::IfThenElse(is_nan, quiet(bits), rounded);
    hn::StoreU(hn::AndNot(hn::Set(u32, low), result), u32, to);
  }
};

// Rounds to nearest even and saturates; NaN becomes 0. In [-2^31, 2^31).
inline Vec<Ints> nearest(Vec<Floats> value, float low, float high) {
  const auto number = hn::IfThenElseZero(hn::Eq(value, value), value);
  return hn::NearestInt(hn::Min(hn::Max(number, hn::Set(f32, low)), hn::Set(f32, high)));
}

// Integers of 8 or 16 bits.
template <class T>
struct SmallInteger {
  using Stored = T;

  static Vec<Floats> widen(const T* from) {
    const hn::Rebind<T, Floats> d;
    return hn::ConvertTo(f32, hn::PromoteTo(i32, hn::LoadU(d, from)));
  }
  static void narrow(Vec<Floats> value, T* to) {
    using Limits = std::numeric_limits<T>;
    const hn::Rebind<std::make_unsigned_t<T>, Floats> d;
    const auto whole = nearest(value, Limits::min(), Limits::max());
    hn::StoreU(hn::TruncateTo(d, hn::BitCast(u32, whole)), d,
               reinterpret_cast<std::make_unsigned_t<T>*>(to));
  }
};

struct Int32 {
  using Stored = int32_t;

  static Vec<Floats> widen(const Stored* from) { return hn::ConvertTo(f32, hn::LoadU(i32, from)); }
  static void narrow(Vec<Floats> value, Stored* to) {
    const auto number = hn::IfThenElseZero(hn::Eq(value, value), value);
    const auto beyond = hn::RebindMask(i32, hn::Ge(number, hn::Set(f32, 0x1p31f)));
    const auto whole = nearest(value, -0x1p31f, 0x1.fffffep30f);
    hn::StoreU(hn::IfThenElse(beyond, hn::Set(i32, INT32_MAX), whole), i32, to);
  }
};

struct Uint32 {
  using Stored = uint32_t;

  // The upper half's product and their sum are rounded once.
  static Vec<Floats> widen(const Stored* from) {
    const auto bits = hn::LoadU(u32, from);
    const auto low = hn::And(bits, hn::Set(u32, 0xFFFF)), high = hn::ShiftRight<16>(bits);
    return fma(f32, hn::ConvertTo(f32, hn::BitCast(i32, high)), hn::Set(f32, 0x1p16f),
               hn::ConvertTo(f32, hn::BitCast(i32, low)));
  }
  // From 2^31 on, float32 has no fractions, and the difference from it is exact.
  static void narrow(Vec<Floats> value, Stored* to) {
    const auto half = hn::Set(f32, 0x1p31f);
    const auto is_large = hn::Ge(value, half);
    const auto small = hn::BitCast(u32, nearest(value, 0.0f, 0x1.fffffep30f));
    const auto rest = hn::BitCast(u32, nearest(hn::Sub(value, half), 0.0f, 0x1.fffffep30f));
    const auto large = hn::Add(rest, hn::Set(u32, 0x80000000));
    const auto beyond = hn::RebindMask(u32, hn::Ge(value, hn::Set(f32, 0x1p32f)));
    const auto whole = hn::IfThenElse(hn::RebindMask(u32, is_large), large, small);
    hn::StoreU(hn::IfThenElse(beyond, hn::Set(u32, UINT32_MAX), whole), u32, to);
  }
};

struct Bool {
  using Stored = uint8_t;

  static Vec<Floats> widen(const Stored* from) {
    const hn::Rebind<uint8_t, Floats> d;
    const auto bits = hn::PromoteTo(u32, hn::LoadU(d, from));
    const auto is_set = hn::RebindMask(f32, hn::Ne(bits, hn::Zero(u32)));
    return hn::IfThenElseZero(is_set, hn::Set(f32, 1.0f));
  }
  static void narrow(Vec<Floats> value, Stored* to) {
    const hn::Rebind<uint8_t, Floats> d;
    const auto is_set = hn::RebindMask(u32, hn::Not(hn::Eq(value, hn::Zero(f32))));
    hn::StoreU(hn::TruncateTo(d, hn::IfThenElseZero(is_set, hn::Set(u32, 1))), d, to);
  }
};

// Stored as a byte each.
template <Encoding e>
struct SmallFloat {
  using Stored = uint8_t;
  static constexpr hn::Rebind<uint8_t, Floats> d{};

  static Vec<Floats> widen(const Stored* from) {
    return widen_small<e>(hn::PromoteTo(u32, hn::LoadU(d, from)));
  }
  static void narrow(Vec<Floats> value, Stored* to) {
    hn::StoreU(hn::TruncateTo(d, narrow_small<e>(value)), d, to);
  }
};

// A biased exponent alone: powers of two from 2^-127 (0) to 2^127 (254).
struct Float8E8m0fnu {
  using Stored = uint8_t;

  static Vec<Floats> widen(const Stored* from) {
    const hn::Rebind<uint8_t, Floats> d;
    const auto bits = hn::PromoteTo(u32, hn::LoadU(d, from));
    auto value = hn::ShiftLeft<23>(bits);
    value = hn::IfThenElse(hn::Eq(bits, hn::Zero(u32)), hn::Set(u32, 0x00400000), value);
    value = hn::IfThenElse(hn::Eq(bits, hn::Set(u32, 0xFF)), hn::Set(u32, 0x7FC00000), value);
    return hn::BitCast(f32, value);
  }
  // Ties are rounded up. Zero, negative values, infinity and NaN become NaN.
  static void narrow(Vec<Floats> value, Stored* to) {
    const hn::Rebind<uint8_t, Floats> d;
    const auto bits = hn::BitCast(u32, value);
    auto result = hn::ShiftRight<23>(hn::Add(bits, hn::Set(u32, 0x00400000)));
    // Between 2^-127 and 2^-126 ml_dtypes goes up from the first step, not from the middle.
    const auto upper = hn::Gt(bits, hn::Set(u32, 0x00400000));
    const auto subnormal = hn::IfThenElseZero(upper, hn::Set(u32, 1));
    result = hn::IfThenElse(hn::Lt(bits, hn::Set(u32, 0x00800000)), subnormal, result);
    const auto none = hn::Or(hn::Eq(bits, hn::Zero(u32)), hn::Gt(bits, hn::Set(u32, 0x7F7FFFFF)));
    result = hn::IfThenElse(none, hn::Set(u32, 0xFF), result);
    hn::StoreU(hn::TruncateTo(d, result), d, to);
  }
};

// The scalar level leaves conversions to the base library.
template <DType dtype>
void read_plainly(const std::byte* from, float* to, int64_t n) {
  convert_to_float32(dtype, from, to, static_cast<size_t>(n));
}
template <DType dtype>
void write_plainly(const float* from, std::byte* to, int64_t n) {
  convert_from_float32(dtype, from, to, static_cast<size_t>(n));
}

template <DType dtype, class Format>
Conversion by_format() {
  if constexpr (scalar_only) {
    return {&read_plainly<dtype>, &write_plainly<dtype>};
  } else {
    return {&read_all<Format>, &write_all<Format>};
  }
}

template <class T>
void read_bits(const std::byte* from, float* to, int64_t n) {
  const T* elements = reinterpret_cast<const T*>(from);
  uint32_t* words = reinterpret_cast<uint32_t*>(to);
  for (int64_t i = 0; i < n; ++i) words[i] = elements[i];
}
template <class T>
void write_bits(const float* from, std::byte* to, int64_t n) {
  const uint32_t* words = reinterpret_cast<const uint32_t*>(from);
  T* elements = reinterpret_cast<T*>(to);
  for (int64_t i = 0; i < n; ++i) elements[i] = static_cast<T>(words[i]);
}

Conversion bit_conversion(int64_t bytes) {
  if (bytes == 1) return {&read_bits<uint8_t>, &write_bits<uint8_t>};
  if (bytes == 2) return {&read_bits<uint16_t>, &write_bits<uint16_t>};
  return {};
}

Conversion value_conversion(DType dtype) {
  switch (dtype) {
    using enum DType;
    case bool_:
      return by_format<bool_, Bool>();
    case int8:
      return by_format<int8, SmallInteger<int8_t>>();
    case int16:
      return by_format<int16, SmallInteger<int16_t>>();
    case int32:
      return by_format<int32, Int32>();
    case uint8:
      return by_format<uint8, SmallInteger<uint8_t>>();
    case uint16:
      return by_format<uint16, SmallInteger<uint16_t>>();
    case uint32:
      return by_format<uint32, Uint32>();
    case float16:
      return by_format<float16, Float16>();
    case bfloat16:
      return by_format<bfloat16, Bfloat16>();
    case tfloat32:
      return by_format<tfloat32, Tfloat32>();
    case float8_e4m3:
      return by_format<float8_e4m3, SmallFloat<e4m3>>();
    case float8_e4m3fn:
      return by_format<float8_e4m3fn, SmallFloat<e4m3fn>>();
    case float8_e5m2:
      return by_format<float8_e5m2, SmallFloat<e5m2>>();
    case float8_e8m0fnu:
      return by_format<float8_e8m0fnu, Float8E8m0fnu>();
    case float4_e2m1fn:
      return by_format<float4_e2m1fn, SmallFloat<e2m1fn>>();
    default:
      return {};
  }
}

}  // namespace

}  // namespace kiln::KILN_CPU_LEVEL
