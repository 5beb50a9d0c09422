// Transposes of matrices in memory, and nc_matmul as a transpose.
#pragma once

#include "kiln/executor/routines/simd.h"
#include "kiln/isa/nc_matmul.h"

namespace kiln::KILN_CPU_LEVEL {

// Rows of elements next to each other; `stride` bytes from row to row.
struct ByteRows {
  std::byte* at;
  int64_t stride;
};

// Row i of `to` becomes column i of `from`, which has `rows` rows of `columns` elements of `size`
// bytes. They must not overlap.
void transpose_matrix(int64_t size, ByteRows from, int64_t rows, int64_t columns, ByteRows to);

// nc_matmul with is_transpose.
bool transpose_by_identity(const NcMatmul& t, TileMemory& memory);

}  // namespace kiln::KILN_CPU_LEVEL
