// ArrayWork: what one instruction asks of the Tensor engine's array. The instructions that run
// there tell it by array_work().
#pragma once

#include "kiln/isa/context.h"
#include "kiln/isa/operand.h"

namespace kiln {

struct ArrayWork {
  ViewId stationary;           // the matrix that has to be in the array
  int64_t rows = 0;            // of the array that work
  int64_t columns = 0;         // likewise: columns of the stationary matrix
  int64_t moving_columns = 0;  // that go through the array one after the other
  int64_t steps = 1;           // multiplications of a processing element for a column
  int instructions = 1;        // that the device executes for it
  double cycles_per_column = 1;
  bool is_transpose = false;  // moves data; its multiplications are no work of the kernel's

  // Multiplications and additions.
  double flops() const {
    return 2.0 * static_cast<double>(rows * steps) * static_cast<double>(columns * moving_columns);
  }
};

// float32 goes through the array in four passes of bfloat16 parts, as two instructions; two
// passes are saved for each operand of ones and zeros.
// Source: sources::isa_reference, is_stationary_onezero; sources::matmul_tutorial, two MATMULs.
struct Passes {
  int instructions = 1;
  double cycles_per_column = 1;
};
Passes passes_of(DType dtype, bool stationary_onezero, bool moving_onezero);

}  // namespace kiln
