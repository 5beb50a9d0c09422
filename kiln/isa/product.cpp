#include "kiln/isa/product.h"

#include <algorithm>
#include <cmath>

namespace kiln {

namespace {

// One of tile_size's two numbers with its start and what it has to hold.
void check_array_tile(const Context& c, Report& report, std::string_view what, int64_t size,
                      int64_t start, int64_t needed) {
  if (size != 32 && size != 64 && size != rules::array_size) {
    report.add(diag::bad_argument, "tile_size has {} {}s; it must have 32, 64 or 128", size, what);
    return;
  }
  if (size == 32 && !c.machine.matmul_quarter_tiling) {
    report.add(diag::wrong_generation, "tile_size has 32 {}s; on {} it must have 64 or 128", what,
               c.machine.core);
  }
  if (start % size != 0 || start + size > rules::array_size) {
    report.add(diag::bad_argument,
               "tile_position starts at {} {}; with {} {}s it must be a multiple of {} below 128",
               what, start, size, what, size);
  }
  if (needed > size) {
    report.add(diag::tile_too_large, "the matmul needs {} {}s of the array; tile_size has {}",
               needed, what, size);
  }
}

// Source: measured, transposes packed in one bfloat16 tile; jinhuang12/vllm-neuron:
// functional/glue/kda_projections.py.
void check_word(const Context& c, Report& report, int64_t first_byte) {
  const int64_t word = c.machine.psum_alignment_bytes;
  if (first_byte % word == 0) return;
  report.add(diag::misaligned,
             "dst starts at byte {} of its row; the tensor engine writes psum from multiples of {} "
             "bytes",
             first_byte, word);
}

void check_bank(const Context& c, Report& report, const NamedTile& d, int64_t base) {
  const int64_t bank = c.machine.psum_bank_bytes();
  if (c.machine.matmul_moving_free * size_bytes(DType::float32) > bank) return;
  const Region r = region(d.tile);
  const int64_t first = (base + r.first_byte) / bank, last = (base + r.end_byte - 1) / bank;
  if (first == last) return;
  report.add(diag::tile_too_large,
             "dst reaches from psum bank {} to {}; it must lie in one bank of {} bytes", first,
             last, bank);
}

}  // namespace

void rules::tensor_engine_dst(const Context& c, Report& report, const NamedTile& d) {
  if (!d.tile.in_psum() || d.tile.dynamic.valid()) return;
  const std::optional<Address>& address = d.tile.storage->address;
  // A storage without an address will be placed at the start of a bank.
  const int64_t base = address ? address->byte : 0;
  check_word(c, report, base + d.tile.offset * size_bytes(d.tile.dtype()));
  check_bank(c, report, d, base);
}

void rules::array_tile(const Context& c, Report& report, const RowColumn& position,
                       const RowColumn& size, int64_t rows_needed, int64_t columns_needed) {
  if (position.given() != size.given()) {
    report.add(diag::bad_argument, "{} is given without {}",
               size.given() ? "tile_size" : "tile_position",
               size.given() ? "tile_position" : "tile_size");
  } else if (size.given()) {
    check_array_tile(c, report, "row", size.row, position.row, rows_needed);
    check_array_tile(c, report, "column", size.column, position.column, columns_needed);
  }
}

void rules::whole_array(Report& report, const RowColumn& position,
                        std::initializer_list<NamedTile> tiles) {
  if (!position.given() || (position.row == 0 && position.column == 0)) return;
  for (const NamedTile& t : tiles) {
    if (!t.tile.indirect) continue;
    report.add(diag::bad_argument,
               "tile_position is ({}, {}); {} is a view made by indirect(), which needs (0, 0)",
               position.row, position.column, t.name);
  }
}

void rules::product_size(const Context& c, Report& report, const NamedTile& d, int64_t rows,
                         int64_t columns) {
  if (rows != d.tile.partitions() || columns != d.tile.free_elements()) {
    report.add(diag::size_mismatch, "dst is {} by {}, the product is {} by {}", d.tile.partitions(),
               d.tile.free_elements(), rows, columns);
  }
  if (rows > c.machine.matmul_stationary_free) {
    report.add(diag::tile_too_large, "stationary has {} columns; {} takes {}", rows, c.machine.core,
               c.machine.matmul_stationary_free.value);
  }
  const bool bf16_result = d.tile.dtype() == DType::bfloat16 && c.machine.bf16_matmul_output;
  const int64_t columns_max =
      bf16_result ? c.machine.matmul_moving_free_bf16 : c.machine.matmul_moving_free;
  if (columns > columns_max) {
    report.add(diag::tile_too_large, "moving has {} columns; {} takes {}", columns, c.machine.core,
               columns_max);
  }
}

void add_product(const TileAccess& d, const std::vector<float>& a, const std::vector<float>& b,
                 int64_t steps) {
  const int64_t rows = d.partitions, columns = d.elements;
  std::vector<float> sums(static_cast<size_t>(columns));
  for (int64_t i = 0; i < rows; ++i) {
    std::ranges::fill(sums, 0.0f);
    for (int64_t k = 0; k < steps; ++k) {
      const float factor = a[static_cast<size_t>(k * rows + i)];
      const float* row = &b[static_cast<size_t>(k * columns)];
      for (float& sum : sums) sum = std::fma(factor, *row++, sum);
    }
    for (int64_t j = 0; j < columns; ++j) {
      d.set(i, j, d.get(i, j) + sums[static_cast<size_t>(j)]);
    }
  }
}

}  // namespace kiln
