// The operators of alu_op.h on one vector.
#pragma once

#include <type_traits>

#include "kiln/executor/routines/simd.h"
#include "kiln/isa/alu_op.h"

namespace kiln::KILN_CPU_LEVEL {

namespace vector_ops {

// Highway's Ne is false for NaN, and it has no Ge of integers.
template <class D>
HWY_INLINE auto differ(D, Vec<D> a, Vec<D> b) {
  return hn::Not(hn::Eq(a, b));
}
template <class D>
HWY_INLINE auto at_least(D, Vec<D> a, Vec<D> b) {
  if constexpr (std::is_floating_point_v<hn::TFromD<D>>) {
    return hn::Ge(a, b);
  } else {
    return hn::Not(hn::Gt(b, a));
  }
}
template <class D>
HWY_INLINE auto nonzero(D d, Vec<D> a) {
  return differ(d, a, hn::Zero(d));
}
template <class D, class M>
HWY_INLINE Vec<D> one_if(D d, M mask) {
  return hn::IfThenElseZero(mask, hn::Set(d, hn::TFromD<D>{1}));
}

// As in alu_op.cpp: NaN where a or b is.
HWY_INLINE Vec<Floats> maximum(Vec<Floats> a, Vec<Floats> b) {
  return hn::IfThenElse(hn::Or(hn::Gt(b, a), hn::Not(hn::Eq(b, b))), b, a);
}
HWY_INLINE Vec<Floats> minimum(Vec<Floats> a, Vec<Floats> b) {
  return hn::IfThenElse(hn::Or(hn::Lt(b, a), hn::Not(hn::Eq(b, b))), b, a);
}
HWY_INLINE Vec<Floats> abs_max(Vec<Floats> a, Vec<Floats> b) {
  return hn::IfThenElse(hn::Or(hn::Gt(hn::Abs(a), hn::Abs(b)), hn::Not(hn::Eq(a, a))), a, b);
}
HWY_INLINE Vec<Floats> abs_min(Vec<Floats> a, Vec<Floats> b) {
  return hn::IfThenElse(hn::Or(hn::Lt(hn::Abs(a), hn::Abs(b)), hn::Not(hn::Eq(a, a))), a, b);
}

}  // namespace vector_ops

// These call fn(vector operator), which takes vectors a and b, and return true; or return false if
// the operator is none of theirs. Those of floats keep nothing, so they convert to pointers.

// Comparisons and logical operators.
template <class D, class Fn>
HWY_INLINE bool with_predicate(D, AluOp op, const Fn& fn) {
  using namespace vector_ops;
  using V = Vec<D>;
  switch (op) {
    case AluOp::equal:
      fn([](V a, V b) { return one_if(D(), hn::Eq(a, b)); });
      return true;
    case AluOp::not_equal:
      fn([](V a, V b) { return one_if(D(), differ(D(), a, b)); });
      return true;
    case AluOp::greater_equal:
      fn([](V a, V b) { return one_if(D(), at_least(D(), a, b)); });
      return true;
    case AluOp::greater:
      fn([](V a, V b) { return one_if(D(), hn::Gt(a, b)); });
      return true;
    case AluOp::less_equal:
      fn([](V a, V b) { return one_if(D(), at_least(D(), b, a)); });
      return true;
    case AluOp::less:
      fn([](V a, V b) { return one_if(D(), hn::Gt(b, a)); });
      return true;
    case AluOp::logical_and:
      fn([](V a, V b) { return one_if(D(), hn::And(nonzero(D(), a), nonzero(D(), b))); });
      return true;
    case AluOp::logical_or:
      fn([](V a, V b) { return one_if(D(), hn::Or(nonzero(D(), a), nonzero(D(), b))); });
      return true;
    case AluOp::logical_xor:
      fn([](V a, V b) { return one_if(D(), hn::Xor(nonzero(D(), a), nonzero(D(), b))); });
      return true;
    default:
      return false;
  }
}

// apply() on float32: all operators but power.
template <class Fn>
HWY_INLINE bool with_float_op(AluOp op, const Fn& fn) {
  using V = Vec<Floats>;
  switch (op) {
    case AluOp::none:
    case AluOp::bypass:
      fn([](V a, V) { return a; });
      return true;
    case AluOp::add:
      fn([](V a, V b) { return hn::Add(a, b); });
      return true;
    case AluOp::subtract:
      fn([](V a, V b) { return hn::Sub(a, b); });
      return true;
    case AluOp::multiply:
      fn([](V a, V b) { return hn::Mul(a, b); });
      return true;
    case AluOp::divide:
      fn([](V a, V b) { return hn::Div(a, b); });
      return true;
    case AluOp::maximum:
      fn([](V a, V b) { return vector_ops::maximum(a, b); });
      return true;
    case AluOp::minimum:
      fn([](V a, V b) { return vector_ops::minimum(a, b); });
      return true;
    case AluOp::abs_max:
      fn([](V a, V b) { return vector_ops::abs_max(a, b); });
      return true;
    case AluOp::abs_min:
      fn([](V a, V b) { return vector_ops::abs_min(a, b); });
      return true;
    case AluOp::abs:
      fn([](V a, V) { return hn::Abs(a); });
      return true;
    case AluOp::square:
      fn([](V a, V) { return hn::Mul(a, a); });
      return true;
    case AluOp::relu:
      fn([](V a, V) { return hn::IfThenZeroElse(hn::Lt(a, hn::Zero(Floats())), a); });
      return true;
    case AluOp::rsqrt:
      fn([](V a, V) { return hn::Div(hn::Set(Floats(), 1.0f), hn::Sqrt(a)); });
      return true;
    case AluOp::reciprocal:
      fn([](V a, V) { return hn::Div(hn::Set(Floats(), 1.0f), a); });
      return true;
    default:
      return with_predicate(Floats(), op, fn);
  }
}

// apply_bits() on 32-bit patterns: all bitvec operators.
template <class Fn>
HWY_INLINE bool with_bit_op(AluOp op, const Fn& fn) {
  using V = Vec<Words>;
  constexpr Words d;
  const V limit = hn::Set(d, 32), in_word = hn::Set(d, 31);
  switch (op) {
    case AluOp::invert:
      fn([](V a, V) { return hn::Not(a); });
      return true;
    case AluOp::bitwise_and:
      fn([](V a, V b) { return hn::And(a, b); });
      return true;
    case AluOp::bitwise_or:
      fn([](V a, V b) { return hn::Or(a, b); });
      return true;
    case AluOp::bitwise_xor:
      fn([](V a, V b) { return hn::Xor(a, b); });
      return true;
    case AluOp::left_shift:
      fn([=](V a, V b) {
        return hn::IfThenElseZero(hn::Lt(b, limit), hn::Shl(a, hn::And(b, in_word)));
      });
      return true;
    case AluOp::right_shift:
      fn([=](V a, V b) {
        return hn::IfThenElseZero(hn::Lt(b, limit), hn::Shr(a, hn::And(b, in_word)));
      });
      return true;
    default:
      return false;
  }
}

// apply_integer() on vectors of D, Ints or Words: all operators but divide.
template <class D, class Fn>
HWY_INLINE bool with_integer_op(D d, AluOp op, const Fn& fn) {
  using V = Vec<D>;
  constexpr Words u32;
  constexpr Ints i32;
  // Of the least signed integer it is 2^31, which only fits unsigned.
  const auto magnitude = [=](V a) {
    if constexpr (std::is_same_v<D, Ints>) {
      const auto negative = hn::RebindMask(u32, hn::Lt(a, hn::Zero(i32)));
      const auto bits = hn::BitCast(u32, a);
      return hn::IfThenElse(negative, hn::Sub(hn::Zero(u32), bits), bits);
    } else {
      return a;
    }
  };
  const auto larger_magnitude = [=](V a, V b) {
    return hn::RebindMask(d, hn::Gt(magnitude(a), magnitude(b)));
  };
  switch (op) {
    case AluOp::none:
    case AluOp::bypass:
      fn([](V a, V) { return a; });
      return true;
    case AluOp::add:
      fn([](V a, V b) { return hn::Add(a, b); });
      return true;
    case AluOp::subtract:
      fn([](V a, V b) { return hn::Sub(a, b); });
      return true;
    case AluOp::multiply:
      fn([](V a, V b) { return hn::Mul(a, b); });
      return true;
    case AluOp::maximum:
      fn([](V a, V b) { return hn::IfThenElse(hn::Gt(b, a), b, a); });
      return true;
    case AluOp::minimum:
      fn([](V a, V b) { return hn::IfThenElse(hn::Lt(b, a), b, a); });
      return true;
    case AluOp::abs_max:
      fn([=](V a, V b) { return hn::IfThenElse(larger_magnitude(a, b), a, b); });
      return true;
    case AluOp::abs_min:
      fn([=](V a, V b) { return hn::IfThenElse(larger_magnitude(b, a), a, b); });
      return true;
    case AluOp::abs:
      fn([=](V a, V) { return hn::BitCast(d, magnitude(a)); });
      return true;
    case AluOp::square:
      fn([](V a, V) { return hn::Mul(a, a); });
      return true;
    case AluOp::relu:
      fn([=](V a, V) { return hn::IfThenZeroElse(hn::Lt(a, hn::Zero(d)), a); });
      return true;
    default:
      return with_predicate(d, op, fn);
  }
}

}  // namespace kiln::KILN_CPU_LEVEL
