// quantize_mx, at the CPU level of the including file.
#pragma once

#include "kiln/executor/routines/stream/small_float.h"
#include "kiln/executor/routines/stream/stream.h"
#include "kiln/isa/mx_layout.h"
#include "kiln/isa/quantize_mx.h"

namespace kiln::KILN_CPU_LEVEL {

namespace {

// Of the columns of the group's rows, the largest magnitude as bits.
void column_maxima(const float* rows, int64_t stride, uint32_t* maxima) {
  constexpr Words u32;
  for (int64_t i = 0; i < stride; i += lanes) {
    auto largest = hn::Zero(u32);
    for (int64_t r = 0; r < mx::group_partitions; ++r) {
      const auto bits = hn::LoadU(u32, reinterpret_cast<const uint32_t*>(rows + r * stride) + i);
      largest = hn::Max(largest, hn::And(bits, hn::Set(u32, 0x7FFFFFFF)));
    }
    hn::StoreU(largest, u32, maxima + i);
  }
}

// The scales of the groups that the columns form, and what their elements are multiplied by.
void group_scales(const uint32_t* maxima, int64_t words, int32_t exponent_shift, uint32_t* scales,
                  float* inverses) {
  for (int64_t i = 0; i < words; ++i) {
    const uint32_t* m = maxima + i * mx::word_elements;
    const uint32_t a = m[0] > m[1] ? m[0] : m[1], b = m[2] > m[3] ? m[2] : m[3];
    const int32_t exponent = static_cast<int32_t>((a > b ? a : b) >> 23) + exponent_shift;
    scales[i] = exponent > 0 ? static_cast<uint32_t>(exponent) : 0;
    const uint32_t inverse = (254 - scales[i]) << 23;
    for (int64_t k = 0; k < mx::word_elements; ++k) {
      std::memcpy(inverses + i * mx::word_elements + k, &inverse, sizeof inverse);
    }
  }
}

// row[i] * inverses[i], limited, as bytes.
template <Encoding e>
void quantize_row(const float* row, const float* inverses, int64_t stride, float limit,
                  std::byte* to) {
  constexpr Floats f32;
  constexpr hn::Rebind<uint8_t, Floats> bytes;
  const auto max = hn::Set(f32, limit), min = hn::Set(f32, -limit);
  for (int64_t i = 0; i < stride; i += lanes) {
    const auto value = hn::Mul(hn::LoadU(f32, row + i), hn::LoadU(f32, inverses + i));
    const auto limited = hn::Min(hn::Max(value, min), max);
    const auto number = hn::IfThenElse(hn::Eq(value, value), limited, value);
    hn::StoreU(hn::TruncateTo(bytes, narrow_small<e>(number)), bytes,
               reinterpret_cast<uint8_t*>(to) + i);
  }
}

void write_row(const TileAccess& a, int64_t partition, const float* words) {
  Sink sink(Sequence(a, partition, 1), As::bits);
  for (int64_t i = 0; i < a.elements; i += block_max) {
    sink.close(a.elements - i < block_max ? a.elements - i : block_max, words + i);
  }
}

}  // namespace

bool quantize_mx(const QuantizeMx& t, TileMemory& memory) {
  const TileAccess d = memory.access(t.dst), s = memory.access(t.src),
                   x = memory.access(t.dst_scale);
  if (memory.fault()) return true;
  if (!routines::disjoint(d, s) || !routines::disjoint(x, s) || !routines::disjoint(d, x)) {
    return false;
  }
  const MxElement element = mx_element(d.dtype);
  const auto quantize =
      element.dtype == DType::float8_e5m2 ? &quantize_row<e5m2> : &quantize_row<e4m3fn>;
  const int32_t exponent_shift = (t.doubled_scale ? 1 : 0) - element.exponent_max;

  // Rows are padded to whole vectors with zeros.
  const int64_t stride = (s.elements + lanes - 1) / lanes * lanes;
  float* rows = routines::workspace(routines::Slot::moving, mx::group_partitions * stride);
  std::memset(rows, 0, static_cast<size_t>(mx::group_partitions * stride) * sizeof(float));
  float* maxima = routines::workspace(routines::Slot::panel, stride);
  float* inverses = routines::workspace(routines::Slot::stationary, stride);
  std::memset(inverses, 0, static_cast<size_t>(stride) * sizeof(float));
  float* scales = routines::workspace(routines::Slot::scales, d.elements);
  float* result = routines::workspace(routines::Slot::words, stride);
  for (int64_t p = 0; p < s.partitions; p += mx::group_partitions) {
    for (int64_t r = 0; r < mx::group_partitions; ++r) {
      Source(Sequence(s, p + r, 1)).copy(s.elements, rows + r * stride);
    }
    column_maxima(rows, stride, reinterpret_cast<uint32_t*>(maxima));
    group_scales(reinterpret_cast<const uint32_t*>(maxima), d.elements, exponent_shift,
                 reinterpret_cast<uint32_t*>(scales), inverses);
    write_row(x, mx::scale_row(p), scales);
    for (int64_t r = 0; r < mx::group_partitions; ++r) {
      quantize(rows + r * stride, inverses, stride, element.max,
               reinterpret_cast<std::byte*>(result));
      write_row(d, p + r, result);
    }
  }
  return true;
}

}  // namespace kiln::KILN_CPU_LEVEL
