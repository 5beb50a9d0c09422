// The functions of activation_op.h on vectors. Each is computed in double and rounded once, or
// where that is worth it and safe, in float32.
#pragma once

#include "kiln/executor/routines/activation/double_math.h"
#include "kiln/executor/routines/simd.h"
#include "kiln/isa/activation_op.h"

namespace kiln::KILN_CPU_LEVEL {

namespace exact {

using double_math::d;
using double_math::set;
using double_math::V;

HWY_INLINE V sigmoid(V x) { return hn::Div(set(1), hn::Add(set(1), double_math::exp(hn::Neg(x)))); }

// x * weight, and 0 where the weight vanishes, also at infinity. Where exp is cut off the weight is
// some 1e-304 instead of 0.
HWY_INLINE V weighted(V x, V weight) {
  return hn::IfThenElse(hn::Le(weight, set(1e-290)), hn::Zero(d), hn::Mul(x, weight));
}

HWY_INLINE V normal_cdf(V x) {
  const V tail = hn::Mul(set(0.5), double_math::erfc(hn::Abs(hn::Mul(x, set(0.7071067811865476)))));
  // erfc is cut off where it still counts as a weight.
  const V lower = hn::IfThenElse(hn::Lt(x, set(-16)), hn::Zero(d), tail);
  return hn::IfThenElse(hn::Lt(x, hn::Zero(d)), lower, hn::Sub(set(1), tail));
}
HWY_INLINE V normal_pdf(V x) {
  return hn::Mul(set(0.3989422804014327), double_math::exp(hn::Mul(hn::Mul(set(-0.5), x), x)));
}

HWY_INLINE V softplus(V x) {
  const V above = hn::IfThenElse(hn::Le(x, hn::Zero(d)), hn::Zero(d), x);
  return hn::Add(above, double_math::log_1_plus(double_math::exp(hn::Neg(hn::Abs(x)))));
}

// tanh(log(1 + exp(x))) with e = exp(x) is (e^2 + 2e) / (e^2 + 2e + 2), 1 from 40 on.
HWY_INLINE V mish(V x) {
  const V e = double_math::exp(hn::IfThenElse(hn::Gt(x, set(40)), set(40), x));
  const V numerator = hn::Mul(e, hn::Add(e, set(2)));
  return weighted(x, hn::Div(numerator, hn::Add(numerator, set(2))));
}

HWY_INLINE V scaled_silu_dx(double k, V x) {
  const V scaled = hn::Mul(set(k), x);
  const V rising = sigmoid(scaled), falling = sigmoid(hn::Neg(scaled));
  return hn::Add(rising, weighted(scaled, hn::Mul(rising, falling)));
}

HWY_INLINE V gelu_apprx_tanh(V x) {
  const V cubic = hn::Mul(hn::Mul(hn::Mul(set(0.044715), x), x), x);
  const V u = hn::Mul(set(0.7978845608), hn::Add(x, cubic));
  return weighted(x, sigmoid(hn::Add(u, u)));
}

template <ActivationOp op>
HWY_INLINE V function(V x) {
  using enum ActivationOp;
  if constexpr (op == sigmoid) return exact::sigmoid(x);
  if constexpr (op == gelu) return weighted(x, normal_cdf(x));
  if constexpr (op == gelu_dx) return hn::Add(normal_cdf(x), weighted(x, normal_pdf(x)));
  if constexpr (op == gelu_apprx_tanh) return exact::gelu_apprx_tanh(x);
  if constexpr (op == gelu_apprx_sigmoid) {
    return weighted(x, exact::sigmoid(hn::Mul(set(1.702), x)));
  }
  if constexpr (op == gelu_apprx_sigmoid_dx) return scaled_silu_dx(1.702, x);
  if constexpr (op == silu) return weighted(x, exact::sigmoid(x));
  if constexpr (op == silu_dx) return scaled_silu_dx(1.0, x);
  if constexpr (op == softplus) return exact::softplus(x);
  if constexpr (op == mish) return exact::mish(x);
  if constexpr (op == erf) return double_math::erf(x);
  if constexpr (op == erf_dx) {
    return hn::Mul(set(1.1283791670955126), double_math::exp(hn::Neg(hn::Mul(x, x))));
  }
  if constexpr (op == exp) return double_math::exp(x);
  if constexpr (op == log) return double_math::log(x);
  if constexpr (op == sin) return double_math::sin(x);
  if constexpr (op == arctan) return double_math::atan(x);
}

// The function of each half of a vector of floats.
template <ActivationOp op, class D>
HWY_INLINE Vec<D> by_halves(D floats, Vec<D> x) {
  constexpr HalfFloats half;
  if constexpr (scalar_only) {
    // Highway's DemoteTo does not go to infinity here.
    return hn::Set(half, static_cast<float>(hn::GetLane(function<op>(PromoteTo(d, x)))));
  } else {
    const auto low = DemoteTo(half, function<op>(PromoteTo(d, LowerHalf(half, x))));
    const auto high = DemoteTo(half, function<op>(PromoteTo(d, UpperHalf(half, x))));
    return Combine(floats, high, low);
  }
}

template <ActivationOp op>
HWY_INLINE Vec<Floats> inlined(Vec<Floats> x) {
  return by_halves<op>(Floats(), x);
}
template <ActivationOp op>
HWY_NOINLINE Vec<Floats> called(Vec<Floats> x) {
  return by_halves<op>(Floats(), x);
}

}  // namespace exact

namespace fast {

using V = Vec<Floats>;
inline constexpr Floats d;
inline constexpr Words bits32;

HWY_INLINE V set(float value) { return hn::Set(d, value); }

template <size_t n>
HWY_INLINE V polynomial(V x, const float (&c)[n]) {
  V sum = set(c[n - 1]);
  HWY_UNROLL(10)
  for (size_t i = 2; i <= n; ++i) sum = fma(d, sum, x, set(c[n - i]));
  return sum;
}

// x = n ln2 + r, with |r| <= ln2 / 2 and n in the low bits of `shifted`.
struct Reduced {
  V r;
  V shifted;
};
HWY_INLINE Reduced reduce(V x) {
  const V in_ones = set(0x1.8p23f);
  const V shifted = fma(d, x, set(1.44269504f), in_ones);
  const V n = hn::Sub(shifted, in_ones);
  const V r = fma(d, n, set(-0.693359375f), x);
  return {fma(d, n, set(2.12194440e-4f), r), shifted};
}

// exp for |x| < 87, to 1.1 ulp.
HWY_INLINE V exp(Reduced x) {
  constexpr float c[] = {0x1.000000p-1f, 0x1.5554dcp-3f, 0x1.55551ap-5f, 0x1.120ba2p-7f,
                         0x1.6d113cp-10f};
  const V p = hn::Add(fma(d, polynomial(x.r, c), hn::Mul(x.r, x.r), x.r), set(1));
  const auto exponent = hn::ShiftLeft<23>(hn::BitCast(bits32, x.shifted));
  return hn::BitCast(d, hn::Add(hn::BitCast(bits32, p), exponent));
}
HWY_INLINE V exp(V x) { return fast::exp(reduce(x)); }
// exp(x + rest), where `rest` is of the size of x's rounding error.
HWY_INLINE V exp(V x, V rest) {
  Reduced reduced = reduce(x);
  reduced.r = hn::Add(reduced.r, rest);
  return fast::exp(reduced);
}

// x / (1 + e)
HWY_INLINE V over_one_plus(V x, V e) { return hn::Div(x, hn::Add(set(1), e)); }

HWY_INLINE V tanh(V x) {
  constexpr float c[] = {-0x1.555552p-2f, 0x1.110d8ep-3f, -0x1.b9047ap-5f, 0x1.56d23ep-6f,
                         -0x1.88c134p-8f};
  const V magnitude = hn::Abs(x), z = hn::Mul(x, x);
  const V small = fma(d, hn::Mul(polynomial(z, c), z), x, x);
  // From 10 on it is 1.
  const V m = hn::IfThenElse(hn::Gt(magnitude, set(10)), set(10), magnitude);
  const V large = hn::Sub(set(1), over_one_plus(set(2), fast::exp(hn::Add(m, m))));
  return hn::IfThenElse(hn::Ge(magnitude, set(0.625f)), hn::CopySign(large, x), small);
}

// x sigmoid(2u) with 2u = x (a + b x^2). For x > -5; above 9 it is x.
HWY_INLINE V gelu_apprx_tanh(V x) {
  constexpr double a = 2 * 0.7978845608;
  const V y = hn::IfThenElse(hn::Gt(x, set(9)), set(9), x);
  const V slope =
      fma(d, hn::Mul(y, y), set(-static_cast<float>(a * 0.044715)), set(-static_cast<float>(a)));
  const V product = hn::Mul(y, slope);
  return over_one_plus(x, fast::exp(product, fma(d, y, slope, hn::Neg(product))));
}

// x sigmoid(1.702 x)
HWY_INLINE V gelu_apprx_sigmoid(V x) {
  constexpr auto k = static_cast<float>(-1.702);
  constexpr auto k_rest = static_cast<float>(-1.702 - static_cast<double>(k));
  const V product = hn::Mul(x, set(k));
  const V rest = fma(d, x, set(k_rest), fma(d, x, set(k), hn::Neg(product)));
  return over_one_plus(x, fast::exp(product, rest));
}

// x times the normal distribution. For x > -13; above 13 it is x.
HWY_INLINE V gelu(V x) {
  // erfc(x / sqrt(2)) exp(x^2 / 2) / 2 = t (c[0] + c[1] t + …), with t = 1 / (1 + 0.3 x).
  constexpr float c[] = {0x1.ea3d66p-4f, 0x1.e9b464p-4f,  0x1.c4096ep-4f, 0x1.3eb492p-4f,
                         0x1.90a708p-4f, -0x1.51be48p-4f, 0x1.901296p-3f, -0x1.d8b590p-3f,
                         0x1.d0efb4p-4f, -0x1.55092ap-6f};
  const V magnitude = hn::Abs(x);
  const V y = hn::IfThenElse(hn::Gt(magnitude, set(13)), set(13), magnitude);
  const V t = hn::Div(set(1), fma(d, y, set(0.3f), set(1)));
  const V square = hn::Mul(y, y), minus_half = set(-0.5f);
  const V rest = fma(d, y, y, hn::Neg(square));
  const V e = fast::exp(hn::Mul(square, minus_half), hn::Mul(rest, minus_half));
  const V tail = hn::Mul(e, hn::Mul(t, polynomial(t, c)));
  return hn::Mul(x, hn::IfThenElse(hn::Lt(x, hn::Zero(d)), tail, hn::Sub(set(1), tail)));
}

}  // namespace fast

// The result computed in float32 where `safe`, and exactly elsewhere. An element's result does not
// depend on its neighbours.
template <ActivationOp op, class M>
HWY_INLINE Vec<Floats> where_safe(M safe, Vec<Floats> result, Vec<Floats> x) {
  if (HWY_LIKELY(hn::AllTrue(Floats(), safe))) return result;
  return hn::IfThenElse(safe, result, exact::called<op>(x));
}

template <ActivationOp op>
HWY_INLINE Vec<Floats> activate(Vec<Floats> x) {
  using enum ActivationOp;
  constexpr Floats d;
  const auto zero = hn::Zero(d), one = hn::Set(d, 1.0f);
  const auto below = [=](float limit) { return hn::Lt(hn::Abs(x), hn::Set(d, limit)); };
  if constexpr (op == none || op == copy) {
    return x;
  } else if constexpr (op == square) {
    return hn::Mul(x, x);
  } else if constexpr (op == relu || op == prelu) {
    return hn::IfThenZeroElse(hn::Lt(x, zero), x);
  } else if constexpr (op == abs) {
    return hn::Abs(x);
  } else if constexpr (op == sign) {
    return hn::IfThenElse(hn::Gt(x, zero), one, hn::IfThenElse(hn::Lt(x, zero), hn::Neg(one), x));
  } else if constexpr (op == sqrt) {
    return hn::Sqrt(x);
  } else if constexpr (op == rsqrt) {
    return hn::Div(one, hn::Sqrt(x));
  } else if constexpr (op == reciprocal) {
    return hn::Div(one, x);
  } else if constexpr (op == exp) {
    return where_safe<op>(below(87), fast::exp(x), x);
  } else if constexpr (op == sigmoid) {
    return where_safe<op>(below(87), fast::over_one_plus(one, fast::exp(hn::Neg(x))), x);
  } else if constexpr (op == silu) {
    return where_safe<op>(below(87), fast::over_one_plus(x, fast::exp(hn::Neg(x))), x);
  } else if constexpr (op == tanh) {
    return fast::tanh(x);
  } else if constexpr (op == gelu) {
    return where_safe<op>(hn::Gt(x, hn::Set(d, -13.0f)), fast::gelu(x), x);
  } else if constexpr (op == gelu_apprx_tanh) {
    return where_safe<op>(hn::Gt(x, hn::Set(d, -5.0f)), fast::gelu_apprx_tanh(x), x);
  } else if constexpr (op == gelu_apprx_sigmoid) {
    return where_safe<op>(below(50), fast::gelu_apprx_sigmoid(x), x);
  } else {
    return exact::inlined<op>(x);
  }
}

}  // namespace kiln::KILN_CPU_LEVEL
