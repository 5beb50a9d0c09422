#include "kiln/isa/nc_matmul_mx.h"

#include <array>

#include "kiln/base/packed_format.h"
#include "kiln/isa/indirection.h"
#include "kiln/isa/mx_layout.h"
#include "kiln/isa/product.h"

namespace kiln {

namespace {

// [4 * partitions, words per partition]: the scaled elements, a row for each contraction step.
std::vector<float> scaled_values(const TileAccess& data, const TileAccess& scale) {
  std::vector<float> all(static_cast<size_t>(data.partitions * data.elements * mx::word_elements));
  for (int64_t p = 0; p < data.partitions; ++p) {
    for (int64_t i = 0; i < data.elements; ++i) {
      std::array<float, mx::word_elements> word;
      unpack_to_float32(data.dtype, data.at(p, i), word.data(), 1);
      const float factor = mx::scale_factor(scale.bits(mx::scale_row(p), i));
      for (int64_t k = 0; k < mx::word_elements; ++k) {
        const int64_t step = p * mx::word_elements + k;
        all[static_cast<size_t>(step * data.elements + i)] = word[k] * factor;
      }
    }
  }
  return all;
}

}  // namespace

void NcMatmulMx::check(const Context& c, Report& report) const {
  using enum DType;
  const NamedTile d{"dst", c.tile(dst.view)}, s{"stationary", c.tile(stationary.view)},
      m{"moving", c.tile(moving.view)}, s_scale{"stationary_scale", c.tile(stationary_scale.view)},
      m_scale{"moving_scale", c.tile(moving_scale.view)};
  if (rules::in_psum(c, report, d)) rules::engine_tile(c, report, d);
  rules::dtype_is(report, d, {float32, bfloat16});
  for (const NamedTile& t : {s, m}) {
    mx::check_data(c, report, t);
    rules::dtype_is(report, t, {float8_e5m2_x4, float8_e4m3fn_x4, float4_e2m1fn_x4});
  }
  rules::same_partitions(report, s, m);
  const int64_t rows = s.tile.free_elements(), columns = m.tile.free_elements();
  mx::check_scale(c, report, s_scale, s, rows);
  mx::check_scale(c, report, m_scale, m, columns);
  if (rows % 2 != 0) {
    report.add(diag::size_mismatch, "stationary has {} columns; it takes an even number", rows);
  }
  rules::product_size(c, report, d, rows, columns);
  rules::tensor_engine_dst(c, report, d);
  rules::array_tile(c, report, tile_position, tile_size, s.tile.partitions(), rows);
  if (tile_size.given() && tile_size.column != rules::array_size) {
    report.add(diag::bad_argument, "tile_size has {} columns; it must have 128", tile_size.column);
  }
  rules::whole_array(report, tile_position, {d, s, m});
  rules::same_index(c, report, s, s_scale);
  rules::same_index(c, report, m, m_scale);
}

void NcMatmulMx::execute(TileMemory& memory) const {
  if (accumulate != Tristate::yes) {
    memory.open_accumulation(dst.view, accumulate == Tristate::no);
  }
  const TileAccess d = memory.access(dst), s = memory.access(stationary), m = memory.access(moving),
                   s_scale = memory.access(stationary_scale), m_scale = memory.access(moving_scale);
  if (memory.fault()) return;
  add_product(d, scaled_values(s, s_scale), scaled_values(m, m_scale),
              s.partitions * mx::word_elements);
}

ArrayWork NcMatmulMx::array_work(const Context& context) const {
  const Tile s = context.tile(stationary.view), m = context.tile(moving.view);
  return {.stationary = stationary.view,
          .rows = s.partitions(),
          .columns = s.free_elements(),
          .moving_columns = m.free_elements(),
          .steps = 4};
}

}  // namespace kiln
