// The transpose of a matrix, tile by tile on the Tensor engine. The Python twin is
// examples/python/transpose2d.py.
#pragma once

#include "kiln/dsl/tensor.h"

namespace examples {

// a is [rows, columns], the result [columns, rows].
kiln::dsl::Tensor transpose2d(kiln::dsl::Tensor a);

}  // namespace examples
