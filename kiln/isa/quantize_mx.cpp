#include "kiln/isa/quantize_mx.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "kiln/base/packed_format.h"
#include "kiln/isa/mx_layout.h"

namespace kiln {

namespace {

using Group = std::array<std::array<float, mx::word_elements>, mx::group_partitions>;

constexpr int exponent_bias = 127;  // of float32 and of float8_e8m0fnu

// floor(log2(amax)); -127 for subnormal float32, which are below the smallest scale anyway.
int exponent_of(const Group& group) {
  Bits magnitude = 0;  // ordered as the magnitudes are, NaN above infinity
  for (const auto& row : group) {
    for (const float value : row) {
      magnitude = std::max(magnitude, std::bit_cast<Bits>(value) & 0x7FFFFFFF);
    }
  }
  return static_cast<int>(magnitude >> 23) - exponent_bias;
}

float limited(float value, float max) {
  return std::isnan(value) ? value : std::clamp(value, -max, max);
}

}  // namespace

MxElement mx_element(DType packed) {
  if (packed == DType::float8_e5m2_x4) return {DType::float8_e5m2, 15, 57344};
  KILN_CHECK(packed == DType::float8_e4m3fn_x4);
  return {DType::float8_e4m3fn, 8, 448};
}

void QuantizeMx::check(const Context& c, Report& report) const {
  const NamedTile d{"dst", c.tile(dst.view)}, s{"src", c.tile(src.view)},
      scale{"dst_scale", c.tile(dst_scale.view)};
  mx::check_data(c, report, s);
  if (rules::in_sbuf(c, report, d)) rules::engine_tile(c, report, d);
  rules::same_partitions(report, d, s);
  rules::dtype_is(report, s, {DType::float16, DType::bfloat16});
  rules::dtype_is(report, d, {DType::float8_e4m3fn_x4, DType::float8_e5m2_x4});
  if (s.tile.free_elements() % mx::word_elements != 0) {
    report.add(diag::size_mismatch, "src has {} elements per partition; it takes a multiple of 4",
               s.tile.free_elements());
    return;
  }
  const int64_t words = s.tile.free_elements() / mx::word_elements;
  rules::free_elements_are(report, d, words);
  mx::check_scale(c, report, scale, s, words);
}

void QuantizeMx::execute(TileMemory& memory) const {
  const TileAccess d = memory.access(dst), s = memory.access(src), x = memory.access(dst_scale);
  if (memory.fault()) return;
  const MxElement element = mx_element(d.dtype);
  const std::vector<Bits> values = s.all_bits();
  for (int64_t p = 0; p < d.partitions; p += mx::group_partitions) {
    for (int64_t i = 0; i < d.elements; ++i) {
      Group group;
      const auto at = [&](int64_t row, int64_t k) {
        return static_cast<size_t>((p + row) * s.elements + i * mx::word_elements + k);
      };
      for (int64_t row = 0; row < mx::group_partitions; ++row) {
        for (int64_t k = 0; k < mx::word_elements; ++k) {
          group[row][k] = to_float32(s.dtype, values[at(row, k)]);
        }
      }
      const int exponent = exponent_of(group) - element.exponent_max + (doubled_scale ? 1 : 0);
      const int biased = std::max(exponent + exponent_bias, 0);
      x.set_bits(mx::scale_row(p), i, static_cast<Bits>(biased));
      // Exact, but for values that are far too small for the element type.
      const float inverse = std::ldexp(1.0f, exponent_bias - biased);
      for (int64_t row = 0; row < mx::group_partitions; ++row) {
        for (float& value : group[row]) value = limited(value * inverse, element.max);
        std::byte* word = d.at(p + row, i);
        pack_from_float32(d.dtype, group[row].data(), word, 1);
      }
    }
  }
}

}  // namespace kiln
