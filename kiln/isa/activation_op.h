// ActivationOp: the functions of the Scalar engine (the activation table of nki.isa), with their
// meaning on one element.
#pragma once

#include <array>
#include <cstdint>

#include "kiln/base/enum_names.h"

namespace kiln {

enum class ActivationOp : uint8_t {
  none,  // not given
  copy,
  square,
  sigmoid,
  relu,
  prelu,
  gelu,
  gelu_dx,
  gelu_apprx_tanh,
  gelu_apprx_sigmoid,
  gelu_apprx_sigmoid_dx,
  silu,
  silu_dx,
  tanh,
  softplus,
  mish,
  erf,
  erf_dx,
  exp,
  log,
  sin,
  arctan,
  sqrt,
  rsqrt,
  reciprocal,
  sign,
  abs,
};

template <>
struct EnumNames<ActivationOp> {
  static constexpr std::string_view type = "activation function";
  static constexpr std::array<std::string_view, 27> names{"none",
                                                          "copy",
                                                          "square",
                                                          "sigmoid",
                                                          "relu",
                                                          "prelu",
                                                          "gelu",
                                                          "gelu_dx",
                                                          "gelu_apprx_tanh",
                                                          "gelu_apprx_sigmoid",
                                                          "gelu_apprx_sigmoid_dx",
                                                          "silu",
                                                          "silu_dx",
                                                          "tanh",
                                                          "softplus",
                                                          "mish",
                                                          "erf",
                                                          "erf_dx",
                                                          "exp",
                                                          "log",
                                                          "sin",
                                                          "arctan",
                                                          "sqrt",
                                                          "rsqrt",
                                                          "reciprocal",
                                                          "sign",
                                                          "abs"};
};

// Which of the tables that the Scalar engine loads has the function; 0: it needs none. Functions
// with the same table follow each other without a load.
// Source: sources::megakernel, {copy, square, rsqrt} together, sigmoid, silu, exp and softplus each
// apart; the others are assumed to be apart as well.
constexpr uint8_t activation_table(ActivationOp op) {
  using enum ActivationOp;
  switch (op) {
    case none:
    case copy:
    case square:
    case relu:
    case sign:
    case abs:
      return 0;
    case sqrt:
    case rsqrt:
    case reciprocal:
      return static_cast<uint8_t>(rsqrt);
    default:
      return static_cast<uint8_t>(op);
  }
}

// f(x), computed in double and rounded once to float32. sin is evaluated without range reduction:
// outside [-pi, pi] it continues as the cubic through the nearer end, as the Scalar engine does.
float activate(ActivationOp op, float x);

}  // namespace kiln
