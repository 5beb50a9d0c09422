#include "kiln/isa/nc_transpose.h"

#include "kiln/isa/product.h"

namespace kiln {

Engine NcTranspose::runs_on(const Tiles& tiles) const {
  if (engine != Engine::unknown) return engine;
  return tiles.tile(data.view).in_sbuf() && tiles.tile(dst.view).in_psum() ? Engine::tensor
                                                                           : Engine::vector;
}

void NcTranspose::check(const Context& c, Report& report) const {
  const NamedTile d{"dst", c.tile(dst.view)}, s{"data", c.tile(data.view)};
  rules::engine_tile(c, report, d);
  rules::engine_tile(c, report, s);
  rules::same_dtype(report, d, s);
  if (d.tile.partitions() != s.tile.free_elements() ||
      d.tile.free_elements() != s.tile.partitions()) {
    report.add(diag::size_mismatch, "dst is {} by {}, the transpose of data is {} by {}",
               d.tile.partitions(), d.tile.free_elements(), s.tile.free_elements(),
               s.tile.partitions());
  }
  if (!rules::engine_is(report, engine, spec.engines)) return;

  int64_t limit = c.machine.vector_transpose_size;
  if (runs_on(c.tiles) == Engine::tensor) {
    limit = c.machine.matmul_stationary_free;
    if (rules::in_psum(c, report, d)) rules::tensor_engine_dst(c, report, d);
    rules::in_sbuf(c, report, s);
    if (size_bytes(d.tile.dtype()) < 4 && !c.machine.low_precision_psum_transpose) {
      report.add(diag::wrong_generation, "dst is {}; the tensor engine of {} only writes float32",
                 name_of(d.tile.dtype()), c.machine.core);
    }
  }
  if (s.tile.partitions() > limit || s.tile.free_elements() > limit) {
    report.add(diag::tile_too_large, "data is {} by {}; the {} engine transposes up to {} by {}",
               s.tile.partitions(), s.tile.free_elements(), name_of(runs_on(c.tiles)), limit,
               limit);
  }
}

void NcTranspose::execute(TileMemory& memory) const {
  const TileAccess d = memory.access(dst), s = memory.access(data);
  if (memory.fault()) return;
  const std::vector<Bits> all = s.all_bits();
  for (int64_t p = 0; p < d.partitions; ++p) {
    for (int64_t i = 0; i < d.elements; ++i) {
      d.set_bits(p, i, all[static_cast<size_t>(i * s.elements + p)]);
    }
  }
}

ArrayWork NcTranspose::array_work(const Context& context) const {
  const Tile t = context.tile(data.view);
  // An identity matrix moves through the data; 32-bit elements take two cycles.
  return {.stationary = data.view,
          .rows = t.partitions(),
          .columns = t.free_elements(),
          .moving_columns = t.partitions(),
          .cycles_per_column = size_bytes(t.dtype()) == 4 ? 2.0 : 1.0,
          .is_transpose = true};
}

}  // namespace kiln
