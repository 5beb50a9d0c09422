// lhs @ rhs in blocks of several tiles, so that each block of an operand is loaded once for many
// matmuls. The Python twin is examples/python/matmul_blocked.py.
#pragma once

#include "kiln/dsl/tensor.h"

namespace examples {

// lhs_t [k, m] is lhs transposed, rhs is [k, n]; the result is [m, n]. k is a multiple of 128.
kiln::dsl::Tensor matmul_blocked(kiln::dsl::Tensor lhs_t, kiln::dsl::Tensor rhs);

}  // namespace examples
