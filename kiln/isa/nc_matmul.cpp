#include "kiln/isa/nc_matmul.h"

#include <vector>

#include "kiln/isa/product.h"

namespace kiln {

namespace {

bool is_32_bit(DType dtype) { return size_bytes(dtype) == 4; }

void check_input_dtype(const Context& c, Report& report, const NamedTile& t) {
  using enum DType;
  if (t.tile.dtype() == float8_e4m3fn) {
    if (!c.machine.ocp_fp8_matmul) {
      report.add(diag::wrong_generation, "{} is float8_e4m3fn; {} does not multiply it", t.name,
                 c.machine.core);
    }
    return;
  }
  rules::dtype_is(report, t, {bfloat16, float16, float32, tfloat32, float8_e4m3, float8_e5m2});
}

void check_input_dtypes(const Context& c, Report& report, const NamedTile& s, const NamedTile& m) {
  check_input_dtype(c, report, s);
  check_input_dtype(c, report, m);
  const DType a = s.tile.dtype(), b = m.tile.dtype();
  const bool both_fp8_e4m3_kinds = (a == DType::float8_e4m3 && b == DType::float8_e4m3fn) ||
                                   (a == DType::float8_e4m3fn && b == DType::float8_e4m3);
  if (is_32_bit(a) != is_32_bit(b) || both_fp8_e4m3_kinds) {
    report.add(diag::dtype_mismatch, "stationary is {}, moving is {}; they do not mix", name_of(a),
               name_of(b));
  }
}

void check_output_dtype(const Context& c, Report& report, const NamedTile& d, DType data,
                        bool is_transpose) {
  const DType dtype = d.tile.dtype();
  if (dtype == DType::float32) return;
  if (dtype == DType::bfloat16 && c.machine.bf16_matmul_output) return;
  if (is_transpose && dtype == data) {
    if (is_32_bit(dtype) || c.machine.low_precision_psum_transpose) return;
    report.add(diag::wrong_generation, "dst is {}; the tensor engine of {} only writes float32",
               name_of(dtype), c.machine.core);
    return;
  }
  report.add(diag::dtype_mismatch, "dst is {}; on {} it must be float32{}{}", name_of(dtype),
             c.machine.core, c.machine.bf16_matmul_output ? " or bfloat16" : "",
             is_transpose ? " or the type of stationary" : "");
}

void check_double_row(const Context& c, Report& report, const NamedTile& s, const NamedTile& m,
                      const NcMatmul& matmul) {
  using enum DType;
  if (!c.machine.matmul_double_row) {
    report.add(diag::wrong_generation, "perf_mode is double_row; {} does not have it",
               c.machine.core);
  }
  for (const NamedTile& t : {s, m}) {
    rules::dtype_is(report, t, {float8_e4m3, float8_e5m2, float8_e4m3fn});
    if (t.tile.rank() < 3 || t.tile.shape(1) != 2) {
      report.add(
          diag::size_mismatch,
          "{} is not [partitions, 2, free], as double_row takes it; it has {} dimensions and "
          "{} elements in the second",
          t.name, t.tile.rank(), t.tile.rank() < 2 ? 0 : t.tile.shape(1));
    }
  }
  if (matmul.is_transpose) {
    report.add(diag::bad_argument, "double_row and is_transpose exclude each other");
  }
  if (matmul.tile_size.given() && matmul.tile_size.column != rules::array_size) {
    report.add(diag::bad_argument, "tile_size has {} columns; with double_row it has 128",
               matmul.tile_size.column);
  }
}

// Views made by indirect() exclude parts of the array and the types that take several passes.
void check_indirect(Report& report, const NamedTile& d, const NamedTile& s, const NamedTile& m,
                    const NcMatmul& matmul) {
  using enum DType;
  rules::whole_array(report, matmul.tile_position, {d, s, m});
  for (const NamedTile& t : {s, m}) {
    if (!t.tile.indirect) continue;
    rules::dtype_is(report, t, {float16, bfloat16, float8_e4m3, float8_e5m2, float8_e4m3fn});
  }
  if (matmul.is_transpose && m.tile.indirect) {
    report.add(diag::bad_view, "moving is a view made by indirect(); is_transpose takes none");
  }
}

std::vector<float> values(const TileAccess& a) {
  std::vector<float> all;
  all.reserve(static_cast<size_t>(a.partitions * a.elements));
  for (int64_t n = 0; n < a.partitions * a.elements; ++n) all.push_back(a.get(n));
  return all;
}

}  // namespace

void NcMatmul::check(const Context& c, Report& report) const {
  const NamedTile d{"dst", c.tile(dst.view)}, s{"stationary", c.tile(stationary.view)},
      m{"moving", c.tile(moving.view)};
  if (rules::in_psum(c, report, d)) rules::engine_tile(c, report, d);
  if (rules::in_sbuf(c, report, s)) rules::engine_tile(c, report, s);
  if (rules::in_sbuf(c, report, m)) rules::engine_tile(c, report, m);
  rules::same_partitions(report, s, m);
  check_input_dtypes(c, report, s, m);
  check_output_dtype(c, report, d, s.tile.dtype(), is_transpose);
  if (perf_mode == MatmulPerfMode::double_row) check_double_row(c, report, s, m, *this);

  const int64_t rows = s.tile.free_elements() / steps_per_partition();
  const int64_t columns = m.tile.free_elements() / steps_per_partition();
  rules::product_size(c, report, d, rows, columns);
  rules::tensor_engine_dst(c, report, d);
  rules::array_tile(c, report, tile_position, tile_size, s.tile.partitions(), rows);
  check_indirect(report, d, s, m, *this);
}

void NcMatmul::execute(TileMemory& memory) const {
  if (is_transpose) return transpose(memory);
  if (accumulate != Tristate::yes) {
    memory.open_accumulation(dst.view, accumulate == Tristate::no);
  }
  const TileAccess d = memory.access(dst), s = memory.access(stationary), m = memory.access(moving);
  if (memory.fault()) return;

  // Row-major, two steps of one partition are neighbours: plain [steps, rows] and [steps, columns].
  add_product(d, values(s), values(m), s.partitions * steps_per_partition());
}

// Column j of an identity has its one in row j and so passes row j of stationary on. Other columns
// with a single one work alike. Transposes overwrite, and do not count as accumulation.
void NcMatmul::transpose(TileMemory& memory) const {
  const TileAccess d = memory.access(dst), s = memory.access(stationary), m = memory.access(moving);
  for (int64_t j = 0; j < d.elements; ++j) {
    int64_t row = -1;
    for (int64_t k = 0; k < m.partitions; ++k) {
      const float value = m.get(k, j);
      if (value == 0) continue;
      if (value != 1 || row >= 0) {
        memory.fault("moving is not an identity matrix, as is_transpose requires");
        return;
      }
      row = k;
    }
    for (int64_t i = 0; i < d.partitions; ++i) {
      if (row < 0) {
        d.set(i, j, 0.0f);
      } else if (d.dtype == s.dtype) {
        d.set_bits(i, j, s.bits(row, i));
      } else {
        d.set(i, j, s.get(row, i));
      }
    }
  }
}

ArrayWork NcMatmul::array_work(const Context& context) const {
  const Tile s = context.tile(stationary.view), m = context.tile(moving.view);
  const int64_t steps = steps_per_partition();
  const Passes passes = passes_of(s.dtype(), is_stationary_onezero, is_moving_onezero);
  return {.stationary = stationary.view,
          .rows = s.partitions(),
          .columns = s.free_elements() / steps,
          .moving_columns = m.free_elements() / steps,
          .steps = steps,
          .instructions = passes.instructions,
          .cycles_per_column = passes.cycles_per_column,
          .is_transpose = is_transpose};
}

}  // namespace kiln
