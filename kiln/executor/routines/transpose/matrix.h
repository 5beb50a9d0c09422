// transpose_matrix, behind transpose.h. Included by generic.h only.
#pragma once

#include "kiln/executor/routines/transpose/lanes.h"
#include "kiln/executor/routines/transpose/transpose.h"

namespace kiln::KILN_CPU_LEVEL {

namespace {

constexpr Words u32;

// One vector of words from `lanes` elements of 1, 2 or 4 bytes, and back.
template <class T>
HWY_INLINE Vec<Words> load_words(const T* from) {
  if constexpr (sizeof(T) == 4) {
    return hn::LoadU(u32, from);
  } else {
    return hn::PromoteTo(u32, hn::LoadU(hn::Rebind<T, Words>(), from));
  }
}
template <class T>
HWY_INLINE void store_words(Vec<Words> words, T* to) {
  if constexpr (sizeof(T) == 4) {
    hn::StoreU(words, u32, to);
  } else {
    const hn::Rebind<T, Words> d;
    hn::StoreU(hn::TruncateTo(d, words), d, to);
  }
}

template <class T>
const T* row_of(ByteRows m, int64_t i) {
  return reinterpret_cast<const T*>(m.at + i * m.stride);
}
template <class T>
T* mutable_row_of(ByteRows m, int64_t i) {
  return reinterpret_cast<T*>(m.at + i * m.stride);
}

// The square whose first element is at row i, column j of `from`.
template <class T>
HWY_INLINE void transpose_square_at(ByteRows from, ByteRows to, int64_t i, int64_t j) {
  Vec<Words> v[lanes];
  HWY_UNROLL(16)
  for (int64_t r = 0; r < lanes; ++r) v[r] = load_words(row_of<T>(from, i + r) + j);
  transpose_square(u32, v);
  HWY_UNROLL(16)
  for (int64_t r = 0; r < lanes; ++r) store_words(v[r], mutable_row_of<T>(to, j + r) + i);
}

// The same for a part of a square, by way of whole ones.
template <class T>
void transpose_part_at(ByteRows from, ByteRows to, int64_t i, int64_t j, int64_t rows,
                       int64_t columns) {
  T source[lanes * lanes] = {}, result[lanes * lanes];
  constexpr int64_t stride = lanes * static_cast<int64_t>(sizeof(T));
  for (int64_t r = 0; r < rows; ++r) {
    std::memcpy(source + r * lanes, row_of<T>(from, i + r) + j,
                static_cast<size_t>(columns) * sizeof(T));
  }
  transpose_square_at<T>({reinterpret_cast<std::byte*>(source), stride},
                         {reinterpret_cast<std::byte*>(result), stride}, 0, 0);
  for (int64_t r = 0; r < columns; ++r) {
    std::memcpy(mutable_row_of<T>(to, j + r) + i, result + r * lanes,
                static_cast<size_t>(rows) * sizeof(T));
  }
}

template <class T>
void transpose_elements(ByteRows from, int64_t rows, int64_t columns, ByteRows to) {
  for (int64_t i = 0; i < rows; i += lanes) {
    const int64_t height = rows - i < lanes ? rows - i : lanes;
    for (int64_t j = 0; j < columns; j += lanes) {
      const int64_t width = columns - j < lanes ? columns - j : lanes;
      if (height == lanes && width == lanes) {
        transpose_square_at<T>(from, to, i, j);
      } else {
        transpose_part_at<T>(from, to, i, j, height, width);
      }
    }
  }
}

}  // namespace

void transpose_matrix(int64_t size, ByteRows from, int64_t rows, int64_t columns, ByteRows to) {
  if (size == 4) return transpose_elements<uint32_t>(from, rows, columns, to);
  if (size == 2) return transpose_elements<uint16_t>(from, rows, columns, to);
  transpose_elements<uint8_t>(from, rows, columns, to);
}

}  // namespace kiln::KILN_CPU_LEVEL
