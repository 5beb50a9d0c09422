// How far the activation routines may be from the reference, which is correctly rounded.
#pragma once

#include "kiln/isa/activation_op.h"

namespace kiln {

// Units in the last place of float32.
constexpr float activation_ulps(ActivationOp op) {
  switch (op) {
    using enum ActivationOp;
    case none:
    case copy:
    case square:
    case relu:
    case prelu:
    case sqrt:
    case reciprocal:
    case sign:
    case abs:
      return 0;
    case exp:
    case rsqrt:
    case tanh:
      return 2;
    case sigmoid:
    case silu:
    case gelu_apprx_sigmoid:
      return 3;
    case gelu:
      return 8;
    case gelu_apprx_tanh:
      return 24;  // near -5, where it is some -1e-6; 3 above -1
    default:
      return 1;  // computed in double
  }
}
inline constexpr float activation_ulps_max = 24;

}  // namespace kiln
