// What the matmul routines share: the product of two float32 operands into a tile, a panel of
// columns at a time.
#pragma once

#include "kiln/executor/routines/matmul/kernel.h"
#include "kiln/executor/routines/stream/stream.h"

namespace kiln::KILN_CPU_LEVEL {

// dst += transpose(a) * b, or = if `from_zero`. `panel(first, count)` gives columns of b, with room
// for whole vectors where there are no masked loads; count is at most panel_columns.
template <class Panel>
void add_product(const TileAccess& dst, Matrix a, const Panel& panel, int64_t steps,
                 bool from_zero) {
  const int64_t rows = dst.partitions, columns = dst.elements;
  const bool in_place = dst.dtype == DType::float32 && dst.contiguous();
  float* c = reinterpret_cast<float*>(dst.base);
  int64_t c_stride = dst.partition_stride / static_cast<int64_t>(sizeof(float));
  if (!in_place) {
    c = routines::workspace(routines::Slot::result, rows * columns);
    c_stride = columns;
    if (!from_zero) Source(dst).copy(rows * columns, c);
  }
  for (int64_t j = 0; j < columns; j += panel_columns) {
    if (columns - j >= panel_columns) {
      multiply_panel<panel_vectors>(a, panel(j, panel_columns), steps, rows, c + j, c_stride,
                                    from_zero, Whole{});
    } else {
      multiply_narrow_panel<panel_vectors>(a, panel(j, columns - j), steps, rows, columns - j,
                                           c + j, c_stride, from_zero);
    }
  }
  if (!in_place) {
    Sink result(dst);
    for (int64_t i = 0; i < rows * columns; i += block_max) {
      const int64_t n = rows * columns - i < block_max ? rows * columns - i : block_max;
      result.close(n, c + i);
    }
  }
}

}  // namespace kiln::KILN_CPU_LEVEL
