// The softmax of each row. The Python twin is examples/python/softmax.py.
#pragma once

#include "kiln/dsl/tensor.h"

namespace examples {

// x is [rows, columns], and so is the result.
kiln::dsl::Tensor softmax(kiln::dsl::Tensor x);

}  // namespace examples
