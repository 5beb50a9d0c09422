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

// f(x), computed in double and rounded once to float32. sin is evaluated without range reduction:
// outside [-pi, pi] it continues as the cubic through the nearer end, as the Scalar engine does.
float activate(ActivationOp op, float x);

}  // namespace kiln
