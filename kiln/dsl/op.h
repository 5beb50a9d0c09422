// NKI's operators: nl::add is a token where an instruction wants an operator, .op = nl::add, and a
// function of tiles, nl::add(a, b). Here are the operators and the table of all of them; what the
// functions record is in elementwise.cpp and composed.cpp.
#pragma once

#include <concepts>
#include <optional>
#include <source_location>
#include <span>
#include <string_view>

#include "kiln/dsl/tensor.h"

namespace kiln::dsl {

// The source line a call belongs to: by default the C++ line of the call.
class CallSite {
 public:
  struct AsNoted {};

  CallSite(const std::source_location& where) : where_(where) {}
  CallSite(AsNoted) {}

  void enter() const {
    if (where_) at(*where_);
  }

 private:
  std::optional<std::source_location> where_;
};
// The line that has been noted already, for callers in other languages.
inline constexpr CallSite::AsNoted as_noted;

// An argument that is a tile, or a constant that stands for a tile full of it.
class Value {
 public:
  Value(const Tensor& tensor) : tensor_(tensor) {}
  Value(std::floating_point auto number) : number_(static_cast<double>(number)) {}
  Value(std::integral auto number) : number_(static_cast<double>(number)), is_int_(true) {}

  bool is_tensor() const { return tensor_.valid(); }
  const Tensor& tensor() const { return tensor_; }
  double number() const { return number_; }

  // As an operand of `op`. What does not fit in 32 bits as an integer becomes a float32.
  InOrScalar operand(AluOp op) const;

 private:
  Tensor tensor_;
  double number_ = 0;
  bool is_int_ = false;
};

struct OpInfo;

// Records the function of one tile, `y` is then none, or two.
using ApplyOp = Tensor(const OpInfo& op, const Value& x, const std::optional<Value>& y,
                       std::optional<DType> dtype);

// An operator or element-wise function of nki.language.
struct OpInfo {
  std::string_view name;
  AluOp alu = AluOp::none;                       // none: not in the ALU table
  ActivationOp activation = ActivationOp::none;  // none: not in the activation table
  int operands = 0;                              // of the function; 0: a token only
  ApplyOp* apply = nullptr;
};

std::span<const OpInfo> all_ops();

// Records op(x) or op(x, y) and returns the SBUF tile of the result. Without `dtype` it has the
// type of the tile, of two tiles the more general of their types.
Tensor apply_op(const OpInfo& op, const Value& x, const std::optional<Value>& y,
                std::optional<DType> dtype);

// How an operator's function records itself.
namespace internal {

ApplyOp apply_alu;  // an ALU operator of two operands
ApplyOp apply_invert;
ApplyOp apply_activation;
ApplyOp apply_reciprocal;
ApplyOp apply_copy;
ApplyOp apply_negative;
ApplyOp apply_logical_not;
ApplyOp apply_sin;
ApplyOp apply_cos;
ApplyOp apply_tan;
ApplyOp apply_floor;
ApplyOp apply_ceil;
ApplyOp apply_trunc;
ApplyOp refuse_remainder;  // fmod and mod, which no engine has

}  // namespace internal

// An operator as an object of its own type: it converts to what it is a token of, nothing else.
template <AluOp alu_op, ActivationOp activation_op, int operand_count, ApplyOp* function>
struct Op : OpInfo {
  constexpr Op() : Op(alu_op != AluOp::none ? name_of(alu_op) : name_of(activation_op)) {}
  constexpr explicit Op(std::string_view op_name)
      : OpInfo{op_name, alu_op, activation_op, operand_count, function} {}

  constexpr operator AluOp() const
    requires(alu_op != AluOp::none)
  {
    return alu_op;
  }
  constexpr operator ActivationOp() const
    requires(activation_op != ActivationOp::none)
  {
    return activation_op;
  }

  Tensor operator()(const Value& x, std::optional<DType> dtype = {},
                    const CallSite& site = std::source_location::current()) const
    requires(operand_count == 1)
  {
    site.enter();
    return apply_op(*this, x, std::nullopt, dtype);
  }
  Tensor operator()(const Value& x, const Value& y, std::optional<DType> dtype = {},
                    const CallSite& site = std::source_location::current()) const
    requires(operand_count == 2)
  {
    site.enter();
    return apply_op(*this, x, y, dtype);
  }
};

namespace internal {

template <AluOp op>
using Binary = Op<op, ActivationOp::none, 2, apply_alu>;
template <ActivationOp op, ApplyOp* function = apply_activation>
using Unary = Op<AluOp::none, op, 1, function>;
// In both tables.
template <AluOp alu_op, ActivationOp op, ApplyOp* function = apply_activation>
using DualUnary = Op<alu_op, op, 1, function>;
// A function of several instructions, and no token.
template <int operand_count, ApplyOp* function>
using Composed = Op<AluOp::none, ActivationOp::none, operand_count, function>;

}  // namespace internal

namespace nl {

inline constexpr internal::Binary<AluOp::add> add;
inline constexpr internal::Binary<AluOp::subtract> subtract;
inline constexpr internal::Binary<AluOp::multiply> multiply;
inline constexpr internal::Binary<AluOp::divide> divide;
inline constexpr internal::Binary<AluOp::maximum> maximum;
inline constexpr internal::Binary<AluOp::minimum> minimum;
inline constexpr internal::Binary<AluOp::abs_max> abs_max;
inline constexpr internal::Binary<AluOp::abs_min> abs_min;
inline constexpr internal::Binary<AluOp::power> power;
inline constexpr internal::Binary<AluOp::equal> equal;
inline constexpr internal::Binary<AluOp::not_equal> not_equal;
inline constexpr internal::Binary<AluOp::less> less;
inline constexpr internal::Binary<AluOp::less_equal> less_equal;
inline constexpr internal::Binary<AluOp::greater> greater;
inline constexpr internal::Binary<AluOp::greater_equal> greater_equal;
inline constexpr internal::Binary<AluOp::bitwise_and> bitwise_and;
inline constexpr internal::Binary<AluOp::bitwise_or> bitwise_or;
inline constexpr internal::Binary<AluOp::bitwise_xor> bitwise_xor;
inline constexpr internal::Binary<AluOp::left_shift> left_shift;
inline constexpr internal::Binary<AluOp::right_shift> right_shift;
inline constexpr internal::Binary<AluOp::logical_and> logical_and;
inline constexpr internal::Binary<AluOp::logical_or> logical_or;
inline constexpr internal::Binary<AluOp::logical_xor> logical_xor;

inline constexpr Op<AluOp::invert, ActivationOp::none, 1, internal::apply_invert> invert;
inline constexpr internal::DualUnary<AluOp::abs, ActivationOp::abs> abs;
inline constexpr internal::DualUnary<AluOp::square, ActivationOp::square> square;
inline constexpr internal::DualUnary<AluOp::relu, ActivationOp::relu> relu;
inline constexpr internal::DualUnary<AluOp::rsqrt, ActivationOp::rsqrt> rsqrt;
inline constexpr internal::DualUnary<AluOp::reciprocal, ActivationOp::reciprocal,
                                     internal::apply_reciprocal>
    reciprocal;

inline constexpr internal::Unary<ActivationOp::exp> exp;
inline constexpr internal::Unary<ActivationOp::log> log;
inline constexpr internal::Unary<ActivationOp::sqrt> sqrt;
inline constexpr internal::Unary<ActivationOp::tanh> tanh;
inline constexpr internal::Unary<ActivationOp::sigmoid> sigmoid;
inline constexpr internal::Unary<ActivationOp::gelu> gelu;
inline constexpr internal::Unary<ActivationOp::gelu_dx> gelu_dx;
inline constexpr internal::Unary<ActivationOp::gelu_apprx_tanh> gelu_apprx_tanh;
inline constexpr internal::Unary<ActivationOp::gelu_apprx_sigmoid> gelu_apprx_sigmoid;
inline constexpr internal::Unary<ActivationOp::gelu_apprx_sigmoid_dx> gelu_apprx_sigmoid_dx;
inline constexpr internal::Unary<ActivationOp::silu> silu;
inline constexpr internal::Unary<ActivationOp::silu_dx> silu_dx;
inline constexpr internal::Unary<ActivationOp::softplus> softplus;
inline constexpr internal::Unary<ActivationOp::mish> mish;
inline constexpr internal::Unary<ActivationOp::erf> erf;
inline constexpr internal::Unary<ActivationOp::erf_dx> erf_dx;
inline constexpr internal::Unary<ActivationOp::arctan> arctan;
inline constexpr internal::Unary<ActivationOp::sign> sign;
inline constexpr internal::Unary<ActivationOp::copy, internal::apply_copy> copy;
// The function reduces its range first; the token does not, and fails outside [-pi, pi].
inline constexpr internal::Unary<ActivationOp::sin, internal::apply_sin> sin;

inline constexpr internal::Composed<1, internal::apply_negative> negative{"negative"};
inline constexpr internal::Composed<1, internal::apply_logical_not> logical_not{"logical_not"};
inline constexpr internal::Composed<1, internal::apply_cos> cos{"cos"};
inline constexpr internal::Composed<1, internal::apply_tan> tan{"tan"};
inline constexpr internal::Composed<1, internal::apply_floor> floor{"floor"};
inline constexpr internal::Composed<1, internal::apply_ceil> ceil{"ceil"};
inline constexpr internal::Composed<1, internal::apply_trunc> trunc{"trunc"};
inline constexpr internal::Composed<2, internal::refuse_remainder> fmod{"fmod"};
inline constexpr internal::Composed<2, internal::refuse_remainder> mod{"mod"};

// Tokens only.
inline constexpr Op<AluOp::bypass, ActivationOp::none, 0, nullptr> bypass;
inline constexpr Op<AluOp::average, ActivationOp::none, 0, nullptr> average;
inline constexpr Op<AluOp::none, ActivationOp::prelu, 0, nullptr> prelu;

}  // namespace nl
}  // namespace kiln::dsl
