// The transpose of a square of 32-bit words in registers: as many vectors as a vector has words.
#pragma once

#include "kiln/executor/routines/simd.h"

namespace kiln::KILN_CPU_LEVEL {

// Four by four words within each 128-bit block. Here and below, Highway's functions are found by
// their arguments, because vectors of one element have none of them.
template <class D>
HWY_INLINE void transpose_in_blocks(D d, Vec<D>* v) {
  const hn::Repartition<uint64_t, D> d64;
  const auto low01 = BitCast(d64, InterleaveLower(d, v[0], v[1]));
  const auto high01 = BitCast(d64, InterleaveUpper(d, v[0], v[1]));
  const auto low23 = BitCast(d64, InterleaveLower(d, v[2], v[3]));
  const auto high23 = BitCast(d64, InterleaveUpper(d, v[2], v[3]));
  v[0] = BitCast(d, InterleaveLower(d64, low01, low23));
  v[1] = BitCast(d, InterleaveUpper(d64, low01, low23));
  v[2] = BitCast(d, InterleaveLower(d64, high01, high23));
  v[3] = BitCast(d, InterleaveUpper(d64, high01, high23));
}

// Blocks of vectors that are four apart.
template <class D>
HWY_INLINE void transpose_two_blocks(D d, Vec<D>* v) {
  const auto a = v[0], b = v[4];
  v[0] = ConcatLowerLower(d, b, a);
  v[4] = ConcatUpperUpper(d, b, a);
}
template <class D>
HWY_INLINE void transpose_four_blocks(D d, Vec<D>* v) {
  const auto low02 = ConcatLowerLower(d, v[8], v[0]), high02 = ConcatUpperUpper(d, v[8], v[0]);
  const auto low13 = ConcatLowerLower(d, v[12], v[4]), high13 = ConcatUpperUpper(d, v[12], v[4]);
  v[0] = OddEvenBlocks(SwapAdjacentBlocks(low13), low02);
  v[4] = OddEvenBlocks(low13, SwapAdjacentBlocks(low02));
  v[8] = OddEvenBlocks(SwapAdjacentBlocks(high13), high02);
  v[12] = OddEvenBlocks(high13, SwapAdjacentBlocks(high02));
}

// Word j of v[i] and word i of v[j] change places.
template <class D>
HWY_INLINE void transpose_square(D d, Vec<D> (&v)[lanes]) {
  if constexpr (lanes > 1) {
    HWY_UNROLL(4)
    for (int64_t i = 0; i < lanes; i += 4) transpose_in_blocks(d, v + i);
  }
  if constexpr (lanes == 8) {
    HWY_UNROLL(4)
    for (int64_t i = 0; i < 4; ++i) transpose_two_blocks(d, v + i);
  }
  if constexpr (lanes == 16) {
    HWY_UNROLL(4)
    for (int64_t i = 0; i < 4; ++i) transpose_four_blocks(d, v + i);
  }
}

}  // namespace kiln::KILN_CPU_LEVEL
