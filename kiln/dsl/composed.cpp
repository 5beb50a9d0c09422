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

// Adding and subtracting it rounds a float32 below 2^22 to an integer, ties to even.
constexpr float to_integer = 0x1.8p23f;

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

// x as a tile; a constant becomes one that looks as large as `like`.
Tensor as_tile(const Value& x, const Tensor& like) {
  if (x.is_tensor()) return x.tensor();
  Shape shape = like.shape();
  for (size_t d = 1; d < shape.size(); ++d) shape[d] = 1;
  Tensor out = new_tile(shape, f32);
  record(Memset{.dst = out, .value = static_cast<float>(x.number())});
  for (int d = 1; d < like.rank(); ++d) out = out.broadcast(d, like.shape(d));
  return out;
}

// A float32 as a sum of two numbers of 12 significant bits.
struct Halves {
  Tensor high, low;
};

Halves halves(const Tensor& x) {
  const Tensor high = new_tile(x.shape(), f32);
  record(TensorScalar{.dst = high.view(DType::uint32),
                      .data = x.view(DType::uint32),
                      .op0 = AluOp::bitwise_and,
                      .operand0 = 0xFFFFF000u});
  return {high, tensor_op(x, AluOp::subtract, high, f32)};
}

// An integer below 2^22 likewise.
Halves integer_halves(const Tensor& x) {
  constexpr float to_multiple = to_integer * 4096;
  const Tensor high = scalar_op(x, {AluOp::add, to_multiple}, {AluOp::subtract, to_multiple}, f32);
  return {high, tensor_op(x, AluOp::subtract, high, f32)};
}

// |x| - round(|x| / y) * y for y > 0 and a quotient below 2^22, where each operation is exact.
Tensor nearest_remainder(const Tensor& x, const Tensor& y, const Tensor& quotient) {
  const Tensor k =
      scalar_op(quotient, {AluOp::add, to_integer}, {AluOp::subtract, to_integer}, f32);
  const Halves a = integer_halves(k), b = halves(y);
  Tensor rest = x;
  for (const auto& [p, q] : {std::pair{a.high, b.high}, std::pair{a.high, b.low},
                             std::pair{a.low, b.high}, std::pair{a.low, b.low}}) {
    rest = tensor_op(rest, AluOp::subtract, tensor_op(p, AluOp::multiply, q, f32), f32);
  }
  return rest;
}

// The remainder with the sign of x, in float32.
Tensor truncated_remainder(const Tensor& x, const Tensor& y) {
  const Tensor a = scalar_op(x, {AluOp::abs}, {}, f32), b = scalar_op(y, {AluOp::abs}, {}, f32);
  const Tensor quotient = tensor_op(a, AluOp::divide, b, f32);
  const Tensor nearest = nearest_remainder(a, b, quotient);
  const Tensor negative = scalar_op(nearest, {AluOp::less, 0.0f}, {}, f32);
  const Tensor correction = tensor_op(negative, AluOp::multiply, b, f32);
  const Tensor out = tensor_op(nearest, AluOp::add, correction, f32);
  change_sign(out, AluOp::bitwise_or, sign_bits(x));
  return out;
}

// The operands of mod and fmod as tiles of one shape; none, after a complaint, if they do not fit.
std::optional<std::pair<Tensor, Tensor>> operands_of(const OpInfo& op, const Value& x,
                                                     const Value& y) {
  const Tensor& like = x.is_tensor() ? x.tensor() : y.tensor();
  const std::optional<Aligned> pair = align(op.name, as_tile(x, like), as_tile(y, like));
  if (!pair) return std::nullopt;
  return std::pair{stretched(pair->x, pair->shape), stretched(pair->y, pair->shape)};
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
  const Tensor quotient = tensor_op(sine, AluOp::divide, cosine(remainder), f32);
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

Tensor apply_fmod(const OpInfo& op, const Value& x, const std::optional<Value>& y,
                  std::optional<DType> dtype) {
  const std::optional<DType> type = result_dtype(op.name, x, *y, dtype);
  const auto given = type ? operands_of(op, x, *y) : std::nullopt;
  if (!given) return stand_in(x, *y, dtype);
  const Tensor remainder = truncated_remainder(given->first, given->second);
  return *type == f32 ? remainder : copied(remainder, *type);
}

// The remainder of fmod, moved by y if it has the other sign.
Tensor apply_mod(const OpInfo& op, const Value& x, const std::optional<Value>& y,
                 std::optional<DType> dtype) {
  const std::optional<DType> type = result_dtype(op.name, x, *y, dtype);
  const auto given = type ? operands_of(op, x, *y) : std::nullopt;
  if (!given) return stand_in(x, *y, dtype);
  const Tensor divisor = given->second;
  const Tensor remainder = truncated_remainder(given->first, divisor);
  const Tensor negative = scalar_op(remainder, {AluOp::less, 0.0f}, {}, f32);
  const Tensor divisor_negative = scalar_op(divisor, {AluOp::less, 0.0f}, {}, f32);
  const Tensor differ = tensor_op(negative, AluOp::not_equal, divisor_negative, f32);
  const Tensor nonzero = scalar_op(remainder, {AluOp::not_equal, 0.0f}, {}, f32);
  const Tensor wrong = tensor_op(differ, AluOp::multiply, nonzero, f32);
  const Tensor correction = tensor_op(wrong, AluOp::multiply, divisor, f32);
  return tensor_op(remainder, AluOp::add, correction, *type);
}

}  // namespace kiln::dsl::internal
