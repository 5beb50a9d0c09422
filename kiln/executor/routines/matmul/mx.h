// nc_matmul_mx, at the CPU level of the including file: words become scaled float32, and these are
// multiplied as nc_matmul's are.
#pragma once

#include "kiln/executor/routines/matmul/product.h"
#include "kiln/executor/routines/stream/small_float.h"
#include "kiln/isa/mx_layout.h"
#include "kiln/isa/nc_matmul_mx.h"

namespace kiln::KILN_CPU_LEVEL {

namespace {

// Writes element k of word i, times factors[i], to to[k * to_stride + i]. Whole vectors are
// written, so each of the four rows needs room for them.
using Unpack = void (*)(const std::byte* words, const float* factors, int64_t n, float* to,
                        int64_t to_stride);

template <Encoding e, class Word>
void unpack_scaled(const std::byte* words, const float* factors, int64_t n, float* to,
                   int64_t to_stride) {
  constexpr Floats f32;
  constexpr Words u32;
  constexpr hn::Rebind<Word, Floats> stored;
  constexpr int element_bits = static_cast<int>(sizeof(Word)) * 8 / 4;
  const auto mask = hn::Set(u32, (1u << element_bits) - 1);
  for_each_vector(n, [&](int64_t i, auto extent) {
    const auto packed = load(stored, reinterpret_cast<const Word*>(words) + i, extent);
    Vec<Words> word;
    if constexpr (sizeof(Word) == sizeof(uint32_t)) {
      word = packed;
    } else {
      word = hn::PromoteTo(u32, packed);
    }
    const auto factor = load(f32, factors + i, extent);
    for (int64_t k = 0; k < mx::word_elements; ++k) {
      const auto value = widen_small<e>(hn::And(word, mask));
      hn::StoreU(hn::Mul(value, factor), f32, to + k * to_stride + i);
      word = hn::ShiftRight<element_bits>(word);
    }
  });
}

Unpack unpack_of(DType packed) {
  if (packed == DType::float8_e5m2_x4) return &unpack_scaled<e5m2, uint32_t>;
  if (packed == DType::float8_e4m3fn_x4) return &unpack_scaled<e4m3fn, uint32_t>;
  return &unpack_scaled<e2m1fn, uint16_t>;
}

// A tile of words and their scales. One lives at a time: they share workspaces.
class ScaledWords {
 public:
  ScaledWords(const TileAccess& data, const TileAccess& scale)
      : partitions_(data.partitions),
        columns_(data.elements),
        size_(size_bytes(data.dtype)),
        unpack_(unpack_of(data.dtype)),
        words_(data.base),
        stride_(data.partition_stride) {
    if (!data.contiguous()) gather_words(data);
    read_factors(scale);
  }

  int64_t steps() const { return partitions_ * mx::word_elements; }

  // Columns [first, first + count) as a matrix with a row for each contraction step.
  void unpack(int64_t first, int64_t count, float* to, int64_t to_stride) const {
    for (int64_t p = 0; p < partitions_; ++p) {
      const float* factors = factors_ + p / mx::group_partitions * columns_ + first;
      unpack_(words_ + p * stride_ + first * size_, factors, count,
              to + p * mx::word_elements * to_stride, to_stride);
    }
  }

 private:
  void gather_words(const TileAccess& data) {
    constexpr auto float_bytes = static_cast<int64_t>(sizeof(float));
    const int64_t floats = (columns_ * size_ + float_bytes - 1) / float_bytes;
    float* copy = routines::workspace(routines::Slot::words, partitions_ * floats);
    words_ = reinterpret_cast<const std::byte*>(copy);
    stride_ = floats * float_bytes;
    for (int64_t p = 0; p < partitions_; ++p) {
      const Sequence row(data, p, 1);
      Cursor cursor(row);
      gather(cursor, reinterpret_cast<std::byte*>(copy + p * floats), columns_);
    }
  }

  // A row for each group of partitions.
  void read_factors(const TileAccess& scale) {
    const int64_t groups = partitions_ / mx::group_partitions;
    float* factors = routines::workspace(routines::Slot::scales, groups * columns_);
    factors_ = factors;
    for (int64_t group = 0; group < groups; ++group) {
      Sequence row(scale, mx::scale_row(group * mx::group_partitions), 1);
      row.dtype = DType::float8_e8m0fnu;
      Source(row).copy(columns_, factors + group * columns_);
    }
  }

  int64_t partitions_;
  int64_t columns_;
  int64_t size_;
  Unpack unpack_;
  const std::byte* words_;
  int64_t stride_;
  const float* factors_ = nullptr;
};

}  // namespace

bool nc_matmul_mx(const NcMatmulMx& t, TileMemory& memory) {
  const TileAccess d = memory.access(t.dst), s = memory.access(t.stationary),
                   m = memory.access(t.moving), s_scale = memory.access(t.stationary_scale),
                   m_scale = memory.access(t.moving_scale);
  if (memory.fault()) return true;
  const bool from_zero = t.accumulate != Tristate::yes &&
                         memory.begin_accumulation(t.dst.view, t.accumulate == Tristate::no);

  const int64_t a_stride = (s.elements + lanes - 1) / lanes * lanes;
  float* a =
      routines::workspace(routines::Slot::stationary, s.partitions * mx::word_elements * a_stride);
  ScaledWords(s, s_scale).unpack(0, s.elements, a, a_stride);

  const ScaledWords moving(m, m_scale);
  float* panel = routines::workspace(routines::Slot::panel, moving.steps() * panel_columns);
  const auto columns = [&](int64_t first, int64_t count) {
    moving.unpack(first, count, panel, panel_columns);
    return Matrix{panel, panel_columns};
  };
  add_product(d, {a, a_stride}, columns, moving.steps(), from_zero);
  return true;
}

}  // namespace kiln::KILN_CPU_LEVEL
