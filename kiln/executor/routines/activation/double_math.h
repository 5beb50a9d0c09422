// Elementary functions on vectors of double, accurate to some 1e-15. The polynomials were fitted at
// Chebyshev nodes in 50-digit arithmetic. All multiply-adds are explicit, so that every CPU level
// computes the same bits.
#pragma once

#include <initializer_list>

#include "kiln/executor/routines/simd.h"

namespace kiln::KILN_CPU_LEVEL::double_math {

using V = Vec<Doubles>;
inline constexpr Doubles d;
inline constexpr hn::RebindToUnsigned<Doubles> bits64;

HWY_INLINE V set(double value) { return hn::Set(d, value); }

// c[0] + x c[1] + x^2 c[2] + …
template <size_t n>
HWY_INLINE V polynomial(V x, const double (&c)[n]) {
  V sum = set(c[n - 1]);
  HWY_UNROLL(20)
  for (size_t i = 2; i <= n; ++i) sum = fma(d, sum, x, set(c[n - i]));
  return sum;
}

HWY_INLINE V copy_sign(V magnitude, V sign) { return hn::CopySign(magnitude, sign); }

// Beyond ±700 the result is that of ±700, which as float32 is infinite or zero. NaN stays NaN.
HWY_INLINE V exp(V x) {
  constexpr double c[] = {0.5000000000000001,     0.16666666666666669,    0.041666666666623824,
                          0.008333333333330039,   0.0013888888917367081,  0.00019841269863171557,
                          2.4801521057868204e-05, 2.7557268276905696e-06, 2.7620201591031547e-07,
                          2.5100472505694996e-08};
  x = hn::IfThenElse(hn::Gt(x, set(700)), set(700), x);
  x = hn::IfThenElse(hn::Lt(x, set(-700)), set(-700), x);
  // Adding this leaves the nearest integer in the low bits.
  const V in_ones = set(0x1.8p52);
  const V shifted = fma(d, x, set(1.4426950408889634), in_ones);
  const V n = hn::Sub(shifted, in_ones);
  V r = fma(d, n, set(-0x1.62e42feep-1), x);
  r = fma(d, n, set(-1.9082149292705877e-10), r);
  const V p = hn::Add(fma(d, polynomial(r, c), hn::Mul(r, r), r), set(1));
  const auto exponent = hn::ShiftLeft<52>(hn::BitCast(bits64, shifted));
  return hn::BitCast(d, hn::Add(hn::BitCast(bits64, p), exponent));
}

// 2 atanh(s), for |s| < 0.172.
HWY_INLINE V twice_atanh(V s) {
  constexpr double c[] = {0.3333333333333335,  0.19999999999949444, 0.14285714313126918,
                          0.11111105544689748, 0.09091446216268435, 0.07665805861027504,
                          0.07308903576708663};
  const V z = hn::Mul(s, s), twice = hn::Add(s, s);
  return fma(d, hn::Mul(polynomial(z, c), z), twice, twice);
}

inline constexpr double ln2 = 0.6931471805599453;

// Of normal numbers, zero, infinity; NaN if negative.
HWY_INLINE V log(V x) {
  const auto bits = hn::BitCast(bits64, x);
  const auto mantissa = hn::And(bits, hn::Set(bits64, 0x000FFFFFFFFFFFFF));
  V m = hn::BitCast(d, hn::Or(mantissa, hn::Set(bits64, 0x3FF0000000000000)));
  // The exponent's bits under those of 2^52.
  const auto exponent = hn::Or(hn::ShiftRight<52>(bits), hn::Set(bits64, 0x4330000000000000));
  V e = hn::Sub(hn::BitCast(d, exponent), set(0x1p52 + 1023));
  const auto is_large = hn::Gt(m, set(1.4142135623730951));
  m = hn::IfThenElse(is_large, hn::Mul(m, set(0.5)), m);
  e = hn::IfThenElse(is_large, hn::Add(e, set(1)), e);
  const V s = hn::Div(hn::Sub(m, set(1)), hn::Add(m, set(1)));
  V result = fma(d, e, set(ln2), twice_atanh(s));
  const V infinity = hn::Div(set(1), hn::Zero(d));
  result = hn::IfThenElse(hn::Eq(x, infinity), infinity, result);
  result = hn::IfThenElse(hn::Eq(x, hn::Zero(d)), hn::Neg(infinity), result);
  const auto has_log = hn::Ge(x, hn::Zero(d));
  return hn::IfThenElse(has_log, result, hn::Div(hn::Zero(d), hn::Zero(d)));
}

// log(1 + x) for x in [0, 1].
HWY_INLINE V log_1_plus(V x) {
  const auto is_large = hn::Gt(x, set(0.41421356237309503));
  const V numerator = hn::IfThenElse(is_large, hn::Sub(x, set(1)), x);
  const V denominator = hn::Add(x, hn::IfThenElse(is_large, set(3), set(2)));
  const V offset = hn::IfThenElseZero(is_large, set(ln2));
  return hn::Add(twice_atanh(hn::Div(numerator, denominator)), offset);
}

// erfc(x) for x >= 0, also relatively accurate where it is small. Beyond 12 it is that of 12.
HWY_INLINE V erfc(V x) {
  // (1 + 2x) exp(x^2) erfc(x) over t = (x - 4) / (x + 4).
  constexpr double c[] = {1.2329951186255526,     -0.13962111684055575,    0.015379652102619637,
                          0.06809705425385575,    -0.1010390660376423,     0.09373283502786596,
                          -0.06633036573913001,   0.03716751511104604,     -0.016197735515381936,
                          0.005031972459556963,   -0.0007577595522443915,  -0.00019925641539164573,
                          0.00015055844422233965, -2.4465470384784357e-05, -1.1107093399737228e-05,
                          5.973136408011612e-06,  3.507676936929718e-07,   -1.1164361619705865e-06,
                          -2.5117605155187566e-07};
  x = hn::IfThenElse(hn::Gt(x, set(12)), set(12), x);
  const V t = hn::Div(hn::Sub(x, set(4)), hn::Add(x, set(4)));
  const V scaled = hn::Div(polynomial(t, c), fma(d, x, set(2), set(1)));
  return hn::Mul(scaled, exp(hn::Neg(hn::Mul(x, x))));
}

HWY_INLINE V erf(V x) {
  constexpr double c[] = {1.1283791670955092,   -0.37612638902788786, 0.11283791597186997,
                          -0.02686612022799869, 0.005222418465267541, -0.0008325535211389337};
  const V magnitude = hn::Abs(x);
  const V small = hn::Mul(polynomial(hn::Mul(x, x), c), x);
  const V large = copy_sign(hn::Sub(set(1), erfc(magnitude)), x);
  return hn::IfThenElse(hn::Lt(magnitude, set(0.25)), small, large);
}

// Within [-pi, pi]; beyond, the cubic through the nearer end, as the Scalar engine continues it.
HWY_INLINE V sin(V x) {
  constexpr double pi = 3.141592653589793, pi_rest = 1.2246467991473532e-16;
  constexpr double c[] = {-0.1666666666666665,    0.008333333333325933,   -0.00019841269836469024,
                          2.7557318055685783e-06, -2.505197292154555e-08, 1.6050972244135636e-10,
                          -7.40805488954261e-13};
  const V magnitude = hn::Abs(x);
  const V mirrored = hn::Add(hn::Sub(set(pi), magnitude), set(pi_rest));
  const V y = hn::IfThenElse(hn::Gt(magnitude, set(pi / 2)), mirrored, magnitude);
  const V z = hn::Mul(y, y);
  const V within = copy_sign(fma(d, hn::Mul(polynomial(z, c), z), y, y), x);
  const V beyond = hn::Sub(x, copy_sign(set(pi), x));
  const V cubic = hn::Mul(beyond, hn::Sub(hn::Div(hn::Mul(beyond, beyond), set(6)), set(1)));
  return hn::IfThenElse(hn::Le(magnitude, set(pi)), within, cubic);
}

HWY_INLINE V atan(V x) {
  constexpr double pi = 3.141592653589793;
  constexpr double c[] = {0.999999999999999,    -0.3333333333322143, 0.19999999978392663,
                          -0.14285712661684793, 0.11111048853751296, -0.09089529956562307,
                          0.07673535428183285,  -0.0650598296717084, 0.05024762118940128,
                          -0.025316479573776477};
  const V magnitude = hn::Abs(x);
  const auto is_large = hn::Gt(magnitude, set(2.414213562373095));
  const auto is_middle = hn::Gt(magnitude, set(0.41421356237309503));
  // atan(x) is pi/2 - atan(1/x), and pi/4 + atan((x - 1) / (x + 1)).
  const V one = set(1);
  const V numerator = hn::IfThenElse(is_large, hn::Neg(one),
                                     hn::IfThenElse(is_middle, hn::Sub(magnitude, one), magnitude));
  const V denominator =
      hn::IfThenElse(is_large, magnitude, hn::IfThenElse(is_middle, hn::Add(magnitude, one), one));
  const V offset =
      hn::IfThenElse(is_large, set(pi / 2), hn::IfThenElseZero(is_middle, set(pi / 4)));
  const V y = hn::Div(numerator, denominator);
  const V result = fma(d, polynomial(hn::Mul(y, y), c), y, offset);
  return copy_sign(result, x);
}

}  // namespace kiln::KILN_CPU_LEVEL::double_math
