#include "kiln/isa/alu_op.h"

#include <bit>
#include <cmath>
#include <limits>

#include "kiln/base/check.h"

namespace kiln {

namespace {

float one_if(bool condition) { return condition ? 1.0f : 0.0f; }

float maximum(float a, float b) {
  if (std::isnan(a)) return b;
  return b > a ? b : a;
}

float minimum(float a, float b) {
  if (std::isnan(a)) return b;
  return b < a ? b : a;
}

// T is int32_t or uint32_t. Sums, differences and products are formed unsigned, where overflow
// wraps.
template <class T>
uint32_t apply_integer_as(AluOp op, T a, T b) {
  const auto wrap = [](T value) { return static_cast<uint32_t>(value); };
  const auto magnitude = [](T value) {
    const auto bits = static_cast<uint32_t>(value);
    return value < 0 ? 0u - bits : bits;
  };
  switch (op) {
    using enum AluOp;
    case none:
    case bypass:
      return wrap(a);
    case add:
      return wrap(a) + wrap(b);
    case subtract:
      return wrap(a) - wrap(b);
    case multiply:
      return wrap(a) * wrap(b);
    case divide: {
      if (b == 0) return 0;
      const uint32_t quotient = magnitude(a) / magnitude(b);
      return (a < 0) != (b < 0) ? 0u - quotient : quotient;
    }
    case maximum:
      return wrap(b > a ? b : a);
    case minimum:
      return wrap(b < a ? b : a);
    case equal:
      return a == b;
    case not_equal:
      return a != b;
    case greater_equal:
      return a >= b;
    case greater:
      return a > b;
    case less_equal:
      return a <= b;
    case less:
      return a < b;
    case logical_and:
      return a != 0 && b != 0;
    case logical_or:
      return a != 0 || b != 0;
    case logical_xor:
      return (a != 0) != (b != 0);
    case abs_max:
      return wrap(magnitude(a) > magnitude(b) ? a : b);
    case abs_min:
      return wrap(magnitude(a) < magnitude(b) ? a : b);
    case abs:
      return magnitude(a);
    case square:
      return wrap(a) * wrap(a);
    case relu:
      return wrap(a < 0 ? 0 : a);
    default:
      KILN_CHECK(false && "not an integer operator");
  }
}

}  // namespace

float apply(AluOp op, float a, float b) {
  switch (op) {
    using enum AluOp;
    case none:
    case bypass:
      return a;
    case add:
      return a + b;
    case subtract:
      return a - b;
    case multiply:
      return a * b;
    case divide:
      return a / b;
    case maximum:
      return kiln::maximum(a, b);
    case minimum:
      return kiln::minimum(a, b);
    case equal:
      return one_if(a == b);
    case not_equal:
      return one_if(a != b);
    case greater_equal:
      return one_if(a >= b);
    case greater:
      return one_if(a > b);
    case less_equal:
      return one_if(a <= b);
    case less:
      return one_if(a < b);
    case logical_and:
      return one_if(a != 0 && b != 0);
    case logical_or:
      return one_if(a != 0 || b != 0);
    case logical_xor:
      return one_if((a != 0) != (b != 0));
    case power:
      return static_cast<float>(std::pow(static_cast<double>(a), static_cast<double>(b)));
    case abs_max:
      return std::fabs(a) > std::fabs(b) ? a : b;
    case abs_min:
      return std::fabs(a) < std::fabs(b) ? a : b;
    case abs:
      return std::fabs(a);
    case square:
      return a * a;
    case relu:
      return a < 0 ? 0.0f : a;
    case rsqrt:
      return 1.0f / std::sqrt(a);
    case reciprocal:
      return 1.0f / a;
    default:
      KILN_CHECK(false && "not an arithmetic operator");
  }
}

uint32_t apply_bits(AluOp op, uint32_t a, uint32_t b) {
  switch (op) {
    using enum AluOp;
    case invert:
      return ~a;
    case bitwise_and:
      return a & b;
    case bitwise_or:
      return a | b;
    case bitwise_xor:
      return a ^ b;
    case left_shift:
      return b < 32 ? a << b : 0;
    case right_shift:
      return b < 32 ? a >> b : 0;
    default:
      KILN_CHECK(false && "not a bitvec operator");
  }
}

uint32_t apply_integer(AluOp op, uint32_t a, uint32_t b, bool is_signed) {
  if (!is_signed) return apply_integer_as<uint32_t>(op, a, b);
  return apply_integer_as<int32_t>(op, static_cast<int32_t>(a), static_cast<int32_t>(b));
}

float reduction_identity(AluOp op) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  switch (op) {
    using enum AluOp;
    case add:
    case subtract:
    case logical_or:
    case logical_xor:
    case abs_max:
      return 0.0f;
    case multiply:
    case logical_and:
      return 1.0f;
    case maximum:
      return -infinity;
    case minimum:
    case abs_min:
      return infinity;
    default:
      KILN_CHECK(false && "not an arithmetic reduction operator");
  }
}

}  // namespace kiln
