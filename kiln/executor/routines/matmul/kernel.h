// The matmul micro-kernel on float32: C = transpose(A) * B, or added to C, where both A and B have
// one row for each contraction step. A block of the product stays in registers over the whole
// contraction; each of its elements is one chain of fused multiply-adds in the order of the steps,
// which is then added to what C has (or to zero).
#pragma once

#include "kiln/executor/routines/simd.h"

namespace kiln::KILN_CPU_LEVEL {

// A row-major float32 matrix; `stride` floats from row to row.
struct Matrix {
  const float* at;
  int64_t stride;
};

// Columns of B that one panel has. AVX2 has half as many registers as the others.
inline constexpr int panel_vectors = HWY_CAP_GE256 && !HWY_CAP_GE512 ? 2 : 4;
inline constexpr int64_t panel_columns = panel_vectors * lanes;

// The most rows of C in a block.
inline constexpr int block_rows = 6;

// Without masked loads, a panel whose columns do not fill its vectors is a padded copy.
template <class Last>
HWY_INLINE Vec<Floats> load_last(const float* from, Last last) {
  if constexpr (masked_memory) {
    return load(Floats(), from, last);
  } else {
    return hn::LoadU(Floats(), from);
  }
}

// A block of Rows by Vectors vectors, of which the last has only `last` columns if it is a Part.
template <int Rows, int Vectors, class Last>
HWY_INLINE void multiply_block(Matrix a, Matrix b, int64_t steps, float* c, int64_t c_stride,
                               bool from_zero, Last last) {
  constexpr Floats d;
  Vec<Floats> sums[Rows][Vectors];
  HWY_UNROLL(6)
  for (int i = 0; i < Rows; ++i) {
    HWY_UNROLL(4)
    for (int v = 0; v < Vectors; ++v) sums[i][v] = hn::Zero(d);
  }
  const float* factors = a.at;
  const float* row = b.at;
  for (int64_t k = 0; k < steps; ++k, factors += a.stride, row += b.stride) {
    Vec<Floats> values[Vectors];
    HWY_UNROLL(4)
    for (int v = 0; v < Vectors; ++v) {
      const float* from = row + v * lanes;
      values[v] = v + 1 < Vectors ? hn::LoadU(d, from) : load_last(from, last);
    }
    HWY_UNROLL(6)
    for (int i = 0; i < Rows; ++i) {
      const Vec<Floats> factor = hn::Set(d, factors[i]);
      HWY_UNROLL(4)
      for (int v = 0; v < Vectors; ++v) sums[i][v] = fma(d, factor, values[v], sums[i][v]);
    }
  }
  HWY_UNROLL(6)
  for (int i = 0; i < Rows; ++i) {
    HWY_UNROLL(4)
    for (int v = 0; v < Vectors; ++v) {
      float* to = c + i * c_stride + v * lanes;
      const bool is_whole = v + 1 < Vectors;
      const Vec<Floats> before = from_zero  ? hn::Zero(d)
                                 : is_whole ? hn::LoadU(d, to)
                                            : load(d, to, last);
      const Vec<Floats> total = hn::Add(before, sums[i][v]);
      if (is_whole) {
        hn::StoreU(total, d, to);
      } else {
        store(d, total, to, last);
      }
    }
  }
}

// All rows of C for the columns of one panel. 128 rows are 20 blocks of 6 and 2 of 4.
template <int Vectors, class Last>
void multiply_panel(Matrix a, Matrix b, int64_t steps, int64_t rows, float* c, int64_t c_stride,
                    bool from_zero, Last last) {
  int64_t i = 0;
  const auto blocks_of = [&]<int Rows>() {
    multiply_block<Rows, Vectors>({a.at + i, a.stride}, b, steps, c + i * c_stride, c_stride,
                                  from_zero, last);
    i += Rows;
  };
  while (rows - i >= 2 * block_rows || (rows - i >= block_rows && (rows - i) % 4 != 0)) {
    blocks_of.template operator()<block_rows>();
  }
  while (rows - i >= 4) blocks_of.template operator()<4>();
  if (rows - i == 3) blocks_of.template operator()<3>();
  if (rows - i == 2) blocks_of.template operator()<2>();
  if (rows - i == 1) blocks_of.template operator()<1>();
}

// The same for a panel of fewer columns.
template <int Vectors>
void multiply_narrow_panel(Matrix a, Matrix b, int64_t steps, int64_t rows, int64_t columns,
                           float* c, int64_t c_stride, bool from_zero) {
  if constexpr (Vectors > 0) {
    if (columns == Vectors * lanes) {
      multiply_panel<Vectors>(a, b, steps, rows, c, c_stride, from_zero, Whole{});
    } else if (columns > (Vectors - 1) * lanes) {
      const Part last{columns - (Vectors - 1) * lanes};
      multiply_panel<Vectors>(a, b, steps, rows, c, c_stride, from_zero, last);
    } else {
      multiply_narrow_panel<Vectors - 1>(a, b, steps, rows, columns, c, c_stride, from_zero);
    }
  }
}

}  // namespace kiln::KILN_CPU_LEVEL
