// lhs @ rhs, one output tile after the other, every operand tile loaded where it is used. The
// Python twin is examples/python/matmul_tiled.py.
#pragma once

#include "kiln/dsl/tensor.h"

namespace examples {

// lhs_t [k, m] is lhs transposed, rhs is [k, n]; the result is [m, n].
kiln::dsl::Tensor matmul_tiled(kiln::dsl::Tensor lhs_t, kiln::dsl::Tensor rhs);

}  // namespace examples
