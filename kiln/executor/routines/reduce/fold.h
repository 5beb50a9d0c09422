// Reductions of rows of float32, strictly from left to right.
#pragma once

#include "kiln/executor/routines/transpose/columns.h"
#include "kiln/isa/alu_op.h"

namespace kiln::KILN_CPU_LEVEL {

// totals[i] = (totals[i] op row i's first element) op its second …, for `count` <= lanes rows of n
// elements. Any arithmetic reduction operator.
void fold(AluOp op, const RowGroup& rows, int64_t count, int64_t n, float* totals);

// The same, on bit patterns and with a bitvec operator.
void fold_bits(AluOp op, const RowGroup& rows, int64_t count, int64_t n, float* totals);

}  // namespace kiln::KILN_CPU_LEVEL
