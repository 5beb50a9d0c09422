// Columns: the elements of several rows with the same number, as one vector. What runs along each
// row strictly from left to right runs along `lanes` rows at once.
#pragma once

#include "kiln/executor/routines/transpose/lanes.h"

namespace kiln::KILN_CPU_LEVEL {

// One pointer for each lane. With fewer rows than lanes, the last repeats.
struct RowGroup {
  const float* at[lanes];
};

template <class Row>
HWY_INLINE RowGroup row_group(int64_t count, const Row& row) {
  RowGroup rows;
  for (int64_t i = 0; i < lanes; ++i) rows.at[i] = row(i < count ? i : count - 1);
  return rows;
}

// Columns j … j+lanes-1; of a Part, those behind it are zero.
template <class Extent>
HWY_INLINE void load_columns(const RowGroup& rows, int64_t j, Extent extent,
                             Vec<Floats> (&columns)[lanes]) {
  constexpr Floats d;
  constexpr Words words;
  Vec<Words> v[lanes];
  HWY_UNROLL(16)
  for (int64_t i = 0; i < lanes; ++i) v[i] = hn::BitCast(words, load(d, rows.at[i] + j, extent));
  transpose_square(words, v);
  HWY_UNROLL(16)
  for (int64_t i = 0; i < lanes; ++i) columns[i] = hn::BitCast(d, v[i]);
}

// Calls fn(column) for columns 0 … n-1 in order.
template <class Fn>
HWY_INLINE void for_each_column(const RowGroup& rows, int64_t n, const Fn& fn) {
  Vec<Floats> columns[lanes];
  int64_t j = 0;
  for (; j + lanes <= n; j += lanes) {
    load_columns(rows, j, Whole{}, columns);
    HWY_UNROLL(16)
    for (int64_t i = 0; i < lanes; ++i) fn(columns[i]);
  }
  if (j == n) return;
  load_columns(rows, j, Part{n - j}, columns);
  for (int64_t i = 0; i < n - j; ++i) fn(columns[i]);
}

}  // namespace kiln::KILN_CPU_LEVEL
