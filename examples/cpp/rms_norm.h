// x / rms(x) * w for each row, with the functions of nl instead of single instructions. The Python
// twin is examples/python/rms_norm.py.
#pragma once

#include "kiln/dsl/tensor.h"

namespace examples {

// x is [rows, columns], w [columns]; the result is like x.
kiln::dsl::Tensor rms_norm(kiln::dsl::Tensor x, kiln::dsl::Tensor w);

}  // namespace examples
