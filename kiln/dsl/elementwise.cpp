// The table of operators, and those whose function is one instruction.

#include <cstdint>
#include <limits>

#include "kiln/dsl/nl_support.h"
#include "kiln/dsl/op.h"

namespace kiln::dsl {

namespace {

// Whether x is a tile on chip; complains if not.
bool is_tile(const OpInfo& op, const Value& x) {
  if (x.is_tensor()) return internal::must_be_on_chip(op.name, "x", x.tensor());
  internal::report_as(op.name).add(diag::bad_argument, "x is a constant; it must be a tile");
  return false;
}

bool takes(const OpInfo& op, int operands) {
  if (op.operands == operands) return true;
  Report& report = internal::report_as(op.name);
  if (op.operands == 0) {
    report.add(diag::bad_argument, "it is an operator of instructions and cannot be called");
  } else {
    report.add(operands < op.operands ? diag::missing_argument : diag::unknown_argument,
               "operands given: {}; it takes {}", operands, op.operands);
  }
  return false;
}

// What the release notes of NKI 0.3 and 0.4 list as not supported, and later ones do not take back.
void warn_of_release(const OpInfo& op, const Value& x, const Value& y) {
  if (op.alu == AluOp::power && !(x.is_tensor() && y.is_tensor())) {
    internal::report_as(op.name).add(diag::may_not_build,
                                     "{} is a constant; nl.power was built with two tiles only",
                                     x.is_tensor() ? "y" : "x");
  }
  if (x.is_tensor() && y.is_tensor() && x.tensor().shape() != y.tensor().shape()) {
    internal::report_as(op.name).add(
        diag::may_not_build,
        "x is {}, y is {}; nl's functions were built with tiles of one shape only; use "
        "nisa.tensor_scalar, or .broadcast()",
        internal::shape_text(x.tensor()), internal::shape_text(y.tensor()));
  }
}

}  // namespace

InOrScalar Value::operand(AluOp op) const {
  if (is_tensor()) return tensor_;
  const auto fits = [&](auto limits) {
    return number_ >= static_cast<double>(limits.lowest()) &&
           number_ <= static_cast<double>(limits.max());
  };
  if (is_int_ && fits(std::numeric_limits<int32_t>())) return static_cast<int32_t>(number_);
  // Arithmetic would take the upper half of the unsigned integers for negative numbers.
  if (is_int_ && info(op).bitvec && fits(std::numeric_limits<uint32_t>())) {
    return static_cast<uint32_t>(number_);
  }
  return number_;
}

std::span<const OpInfo> all_ops() {
  static const OpInfo table[] = {
      nl::add,
      nl::subtract,
      nl::multiply,
      nl::divide,
      nl::maximum,
      nl::minimum,
      nl::abs_max,
      nl::abs_min,
      nl::power,
      nl::equal,
      nl::not_equal,
      nl::less,
      nl::less_equal,
      nl::greater,
      nl::greater_equal,
      nl::bitwise_and,
      nl::bitwise_or,
      nl::bitwise_xor,
      nl::left_shift,
      nl::right_shift,
      nl::logical_and,
      nl::logical_or,
      nl::logical_xor,
      nl::invert,
      nl::abs,
      nl::square,
      nl::relu,
      nl::rsqrt,
      nl::reciprocal,
      nl::exp,
      nl::log,
      nl::sqrt,
      nl::tanh,
      nl::sigmoid,
      nl::gelu,
      nl::gelu_dx,
      nl::gelu_apprx_tanh,
      nl::gelu_apprx_sigmoid,
      nl::gelu_apprx_sigmoid_dx,
      nl::silu,
      nl::silu_dx,
      nl::softplus,
      nl::mish,
      nl::erf,
      nl::erf_dx,
      nl::arctan,
      nl::sign,
      nl::copy,
      nl::sin,
      nl::negative,
      nl::logical_not,
      nl::cos,
      nl::tan,
      nl::floor,
      nl::ceil,
      nl::trunc,
      nl::fmod,
      nl::mod,
      nl::bypass,
      nl::average,
      nl::prelu,
  };
  return table;
}

Tensor apply_op(const OpInfo& op, const Value& x, const std::optional<Value>& y,
                std::optional<DType> dtype) {
  if (takes(op, y ? 2 : 1) && (op.operands == 2 || is_tile(op, x))) {
    return op.apply(op, x, y, dtype);
  }
  return internal::stand_in(x, y.value_or(x), dtype);
}

namespace internal {

Tensor apply_alu(const OpInfo& op, const Value& x, const std::optional<Value>& y,
                 std::optional<DType> dtype) {
  const size_t errors = recorder().report().error_count();
  const Tensor result = combined(op.name, op.alu, x, *y, dtype);
  if (recorder().report().error_count() == errors) warn_of_release(op, x, *y);
  return result;
}

Tensor apply_invert(const OpInfo& op, const Value& x, const std::optional<Value>&,
                    std::optional<DType> dtype) {
  return scalar_op(x.tensor(), {op.alu}, {}, dtype.value_or(x.tensor().dtype()));
}

Tensor apply_activation(const OpInfo& op, const Value& x, const std::optional<Value>&,
                        std::optional<DType> dtype) {
  return activated(op.activation, x.tensor(), dtype.value_or(x.tensor().dtype()));
}

// On the Vector engine, which is more precise than the activation.
Tensor apply_reciprocal(const OpInfo&, const Value& x, const std::optional<Value>&,
                        std::optional<DType> dtype) {
  const Tensor& data = x.tensor();
  const Tensor out = new_tile(data.shape(), dtype.value_or(data.dtype()));
  record(Reciprocal{.dst = out, .data = data});
  return out;
}

Tensor apply_copy(const OpInfo&, const Value& x, const std::optional<Value>&,
                  std::optional<DType> dtype) {
  return copied(x.tensor(), dtype.value_or(x.tensor().dtype()));
}

Tensor apply_negative(const OpInfo&, const Value& x, const std::optional<Value>&,
                      std::optional<DType> dtype) {
  return scalar_op(x.tensor(), {AluOp::multiply, -1.0f}, {}, dtype.value_or(x.tensor().dtype()));
}

Tensor apply_logical_not(const OpInfo&, const Value& x, const std::optional<Value>&,
                         std::optional<DType> dtype) {
  return scalar_op(x.tensor(), {AluOp::logical_xor, 1.0f}, {}, dtype.value_or(x.tensor().dtype()));
}

}  // namespace internal
}  // namespace kiln::dsl
