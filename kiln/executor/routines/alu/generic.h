// The operators on blocks, at the CPU level of the including file.
#pragma once

#include "kiln/base/check.h"
#include "kiln/executor/routines/alu/alu.h"
#include "kiln/executor/routines/alu/vector_ops.h"

namespace kiln::KILN_CPU_LEVEL {

namespace {

template <class D, class Op>
void loop(D d, Operand a, Operand b, float* out, int64_t n, const Op& op) {
  using T = hn::TFromD<D>;
  const T* x = reinterpret_cast<const T*>(a.at);
  const T* y = reinterpret_cast<const T*>(b.at);
  T* z = reinterpret_cast<T*>(out);
  if (b.splat) {
    const auto right = hn::Set(d, *y);
    if (a.splat) {
      const auto left = hn::Set(d, *x);
      for_each_vector(n, [&](int64_t i, auto part) { store(d, op(left, right), z + i, part); });
    } else {
      for_each_vector(
          n, [&](int64_t i, auto part) { store(d, op(load(d, x + i, part), right), z + i, part); });
    }
  } else if (a.splat) {
    const auto left = hn::Set(d, *x);
    for_each_vector(
        n, [&](int64_t i, auto part) { store(d, op(left, load(d, y + i, part)), z + i, part); });
  } else {
    for_each_vector(n, [&](int64_t i, auto part) {
      store(d, op(load(d, x + i, part), load(d, y + i, part)), z + i, part);
    });
  }
}

// Operators without a vector form.
template <class T, class Op>
void scalar_loop(Operand a, Operand b, float* out, int64_t n, const Op& op) {
  const T* x = reinterpret_cast<const T*>(a.at);
  const T* y = reinterpret_cast<const T*>(b.at);
  T* z = reinterpret_cast<T*>(out);
  for (int64_t i = 0; i < n; ++i) z[i] = op(x[a.splat ? 0 : i], y[b.splat ? 0 : i]);
}

}  // namespace

void alu(Arithmetic arithmetic, AluOp op, Operand a, Operand b, float* out, int64_t n) {
  switch (arithmetic) {
    case Arithmetic::float32:
      if (with_float_op(op, [&](const auto& f) { loop(Floats(), a, b, out, n, f); })) return;
      scalar_loop<float>(a, b, out, n, [op](float x, float y) { return apply(op, x, y); });
      return;
    case Arithmetic::bits:
      KILN_CHECK(with_bit_op(op, [&](const auto& f) { loop(Words(), a, b, out, n, f); }));
      return;
    case Arithmetic::signed_words:
      if (with_integer_op(Ints(), op, [&](const auto& f) { loop(Ints(), a, b, out, n, f); })) {
        return;
      }
      break;
    case Arithmetic::unsigned_words:
      if (with_integer_op(Words(), op, [&](const auto& f) { loop(Words(), a, b, out, n, f); })) {
        return;
      }
      break;
  }
  const bool is_signed = arithmetic == Arithmetic::signed_words;
  scalar_loop<uint32_t>(a, b, out, n, [op, is_signed](uint32_t x, uint32_t y) {
    return apply_integer(op, x, y, is_signed);
  });
}

}  // namespace kiln::KILN_CPU_LEVEL
