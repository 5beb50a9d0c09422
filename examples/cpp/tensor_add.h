// a + b, tile by tile. The Python twin is examples/python/tensor_add.py.
#pragma once

#include "kiln/dsl/tensor.h"

namespace examples {

// a and b are of one shape [rows, columns].
kiln::dsl::Tensor tensor_add(kiln::dsl::Tensor a, kiln::dsl::Tensor b);

}  // namespace examples
