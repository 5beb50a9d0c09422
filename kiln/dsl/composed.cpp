// Element-wise functions that no engine has, as sequences of instructions it has. They calculate in
// float32; comments on exactness are about float32 operations, rounded one by one.

#include <numbers>
#include <optional>
#include <utility>

#include "kiln/dsl/nl_support.h"
#include "kiln/dsl/op.h"

namespace kiln::dsl::internal {

namespace {

constexpr DType f32 = DType::float32;
constexpr uint32_t sign_bit = 0x80000000u;

// Below, float32 has fractions; from here on, all its numbers are integers.
constexpr float integers_from = 0x1p23f;

// dst = operand1 - data * factor.
void subtract_multiple(const Tensor& dst, const Tensor& operand1, const Tensor& data,
                       float factor) {
  record(ScalarTensorTensor{.dst = dst,
                            .data = data,
                            .op0 = AluOp::multiply,
                            .operand0 = factor,
                            .op1 = AluOp::subtract,
                            .operand1 = operand1,
                            .reverse1 = true});
}

// y + 0 * x: y, but NaN where x is not finite.
Tensor with_nan_of(const Tensor& x, const Tensor& y, DType dtype) {
  const Tensor out = new_tile(y.shape(), dtype);
  record(ScalarTensorTensor{.dst = out,
                            .data = x,
                            .op0 = AluOp::multiply,
                            .operand0 = 0.0f,
                            .op1 = AluOp::add,
                            .operand1 = y});
  return out;
}

// x with the sign bits of `signs` flipped (bitwise_xor) or set (bitwise_or), in place.
void change_sign(const Tensor& x, AluOp op, const Tensor& signs) {
  const Tensor bits = x.view(DType::uint32);
  record(TensorTensor{.dst = bits, .data1 = bits, .data2 = signs, .op = op});
}

Tensor sign_bits(const Tensor& x) {
  const Tensor exact = x.dtype() == f32 && x.is_contiguous() ? x : copied(x, f32);
  return scalar_op(exact.view(DType::uint32), {AluOp::bitwise_and, sign_bit}, {}, DType::uint32);
}

// `value` cut off after the bit that is worth `ulp`.
constexpr double cut(double value, double ulp) {
  return static_cast<double>(static_cast<int64_t>(value / ulp)) * ulp;
}

// x = k * pi + remainder with |remainder| <= pi/2, or a little more if k is large.
struct HalfTurns {
  Tensor remainder;
  Tensor odd;  // the sign bit where k is odd, else 0
};

// For |x| < 2^23 pi; the neighbours of larger float32 numbers are more than half a turn away.
// Pi is split in parts of 12 bits, and k too, so that all products are exact. So are the
// differences until the remainder is of the size of its result.
HalfTurns half_turns(const Tensor& x) {
  constexpr double pi = std::numbers::pi;
  constexpr double part1 = cut(pi, 0x1p-10), part2 = cut(pi - part1, 0x1p-22),
                   part3 = cut(pi - part1 - part2, 0x1p-34), part4 = pi - part1 - part2 - part3;
  constexpr float step = 4096;

  const Tensor k = scalar_op(x, {AluOp::multiply, std::numbers::inv_pi_v<float>}, {}, DType::int32);
  const Tensor high = scalar_op(k, {AluOp::multiply, 1 / step}, {}, DType::int32);
  const Tensor low = new_tile(x.shape(), f32);
  subtract_multiple(low, k, high, step);

  const Tensor remainder = new_tile(x.shape(), f32);
  Tensor rest = x;
  for (const double part : {part1, part2, part3, part4}) {
    subtract_multiple(remainder, rest, high, static_cast<float>(part) * step);
    subtract_multiple(remainder, remainder, low, static_cast<float>(part));
    rest = remainder;
  }
  // For larger numbers the result has no meaning, but it is a sine.
  constexpr float limit = std::numbers::pi_v<float>;
  record(TensorScalar{.dst = remainder,
                      .data = remainder,
                      .op0 = AluOp::minimum,
                      .operand0 = limit,
                      .op1 = AluOp::maximum,
                      .operand1 = -limit});
  return {remainder, scalar_op(k, {AluOp::left_shift, 31}, {}, DType::uint32)};
}

// cos(x) = sin(pi/2 - |x|), with pi/2 in two parts: the first difference is exact near the zero.
Tensor cosine(const Tensor& remainder) {
  constexpr double quarter = std::numbers::pi / 2;
  constexpr auto high = static_cast<float>(quarter);
  constexpr auto low = static_cast<float>(quarter - static_cast<double>(high));
  const Tensor near = scalar_op(remainder, {AluOp::abs}, {AluOp::subtract, high, true}, f32);
  record(TensorScalar{.dst = near, .data = near, .op0 = AluOp::add, .operand0 = low});
  return activated(ActivationOp::sin, near, f32);
}

// `rounded` (of x or |x|) where float32 has fractions, else x.
Tensor unless_integer(const Tensor& x, const Tensor& rounded, std::optional<DType> dtype) {
  const Tensor out = copied(x, f32);
  const Tensor has_fraction =
      scalar_op(x, {AluOp::abs}, {AluOp::less, integers_from}, DType::uint8);
  record(TensorCopyPredicated{.dst = out, .src = rounded, .predicate = has_fraction});
  const DType type = dtype.value_or(x.dtype());
  return type == f32 ? out : copied(out, type);
}

// The integer next to x, which is at most half off, moved by 1 if it is on the wrong side.
Tensor integer_beside(const Tensor& x, AluOp wrong_side, AluOp move) {
  const Tensor nearest = copied(x, DType::int32);
  const Tensor wrong = tensor_op(nearest, wrong_side, x, f32);
  return tensor_op(nearest, move, wrong, f32);
}

}  // namespace

Tensor apply_sin(const OpInfo&, const Value& x, const std::optional<Value>&,
                 std::optional<DType> dtype) {
  const HalfTurns turns = half_turns(x.tensor());
  const Tensor sine = activated(ActivationOp::sin, turns.remainder, f32);
  change_sign(sine, AluOp::bitwise_xor, turns.odd);
  return with_nan_of(x.tensor(), sine, dtype.value_or(x.tensor().dtype()));
}

Tensor apply_cos(const OpInfo&, const Value& x, const std::optional<Value>&,
                 std::optional<DType> dtype) {
  const HalfTurns turns = half_turns(x.tensor());
  const Tensor result = cosine(turns.remainder);
  change_sign(result, AluOp::bitwise_xor, turns.odd);
  return with_nan_of(x.tensor(), result, dtype.value_or(x.tensor().dtype()));
}

Tensor apply_tan(const OpInfo&, const Value& x, const std::optional<Value>&,
                 std::optional<DType> dtype) {
  const Tensor remainder = half_turns(x.tensor()).remainder;
  const Tensor sine = activated(ActivationOp::sin, remainder, f32);
  const Tensor secant = new_tile(sine.shape(), f32);
  record(Reciprocal{.dst = secant, .data = cosine(remainder)});
  const Tensor quotient = tensor_op(sine, AluOp::multiply, secant, f32);
  return with_nan_of(x.tensor(), quotient, dtype.value_or(x.tensor().dtype()));
}

Tensor apply_floor(const OpInfo&, const Value& x, const std::optional<Value>&,
                   std::optional<DType> dtype) {
  const Tensor& data = x.tensor();
  if (!is_floating(data.dtype())) return copied(data, dtype.value_or(data.dtype()));
  return unless_integer(data, integer_beside(data, AluOp::greater, AluOp::subtract), dtype);
}

Tensor apply_ceil(const OpInfo&, const Value& x, const std::optional<Value>&,
                  std::optional<DType> dtype) {
  const Tensor& data = x.tensor();
  if (!is_floating(data.dtype())) return copied(data, dtype.value_or(data.dtype()));
  return unless_integer(data, integer_beside(data, AluOp::less, AluOp::add), dtype);
}

Tensor apply_trunc(const OpInfo&, const Value& x, const std::optional<Value>&,
                   std::optional<DType> dtype) {
  const Tensor& data = x.tensor();
  if (!is_floating(data.dtype())) return copied(data, dtype.value_or(data.dtype()));
  const Tensor magnitude = scalar_op(data, {AluOp::abs}, {}, f32);
  const Tensor out = integer_beside(magnitude, AluOp::greater, AluOp::subtract);
  change_sign(out, AluOp::bitwise_or, sign_bits(data));
  return unless_integer(data, out, dtype);
}

// The release notes of NKI 0.3 and 0.4: it works in simulation and fails when compiled.
Tensor refuse_remainder(const OpInfo& op, const Value& x, const std::optional<Value>& y,
                        std::optional<DType> dtype) {
  report_as(op.name).add(diag::bad_operator,
                         "no engine has it; take x - y * nl.floor(x * nl.reciprocal(y))");
  return stand_in(x, *y, dtype);
}

}  // namespace kiln::dsl::internal
