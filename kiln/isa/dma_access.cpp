#include "kiln/isa/dma_access.h"

namespace kiln {

DmaAccess::DmaAccess(TileMemory& memory, ViewId id, OobMode oob) {
  const Tiles& tiles = memory.tiles();
  const Tile tile = tiles.tile(id);
  const bool row_by_row =
      tile.dynamic.valid() && tiles.dynamic(tile.dynamic).kind == Dynamic::Kind::vector_tile;
  const int64_t rows = row_by_row ? tile.shape(0) : 1;
  block_elements_ = tile.elements() / rows;
  if (!row_by_row) {
    blocks_.push_back(memory.access(id, oob));
    return;
  }
  blocks_.reserve(static_cast<size_t>(rows));
  for (int64_t row = 0; row < rows; ++row) blocks_.push_back(memory.access_row(id, row, oob));
}

namespace rules {

namespace {

bool dma_index(const Context& c, Report& report, const NamedTile& t, DgeMode dge_mode) {
  const Dynamic& dynamic = c.tiles.dynamic(t.tile.dynamic);
  if (dynamic.kind == Dynamic::Kind::scalar_register) return true;
  const Tile index = c.tile(dynamic.index);
  bool holds = true;
  if (!index.in_sbuf()) {
    report.add(diag::wrong_memory, "the index of {} is in {}; it must be in sbuf", t.name,
               name_of(index.memory()));
    holds = false;
  }
  if (index.dtype() != DType::int32 && index.dtype() != DType::uint32) {
    report.add(diag::dtype_mismatch, "the index of {} is {}; it must be int32 or uint32", t.name,
               name_of(index.dtype()));
    holds = false;
  }
  if (dynamic.kind == Dynamic::Kind::scalar_tile) {
    if (index.elements() == 1) return holds;
    report.add(diag::size_mismatch, "the index of {} has {} elements; it must have 1", t.name,
               index.elements());
    return false;
  }
  if (t.tile.on_chip()) {
    report.add(diag::wrong_memory, "{} has an index for each row and is in {}; it must be in hbm",
               t.name, name_of(t.tile.memory()));
    holds = false;
  }
  if (index.elements() < t.tile.shape(0)) {
    report.add(diag::size_mismatch, "{} has {} rows, its index {} elements", t.name,
               t.tile.shape(0), index.elements());
    holds = false;
  }
  if (dge_mode != DgeMode::unknown && dge_mode != DgeMode::swdge) {
    report.add(diag::bad_argument, "dge_mode is {}; an index for each row of {} needs swdge",
               name_of(dge_mode), t.name);
    holds = false;
  }
  return holds;
}

}  // namespace

bool dma_operand(const Context& c, Report& report, const NamedTile& t, DgeMode dge_mode) {
  const Layout& layout = *t.tile.layout;
  // Documented for every view on chip; whether DMA is exempt nobody says.
  // Source: nki/deep-dives/nki-aps.rst.
  if (t.tile.on_chip() && layout.shape[0] > 1 && layout.stride[0] != 1) {
    report.add(diag::may_not_build,
               "{} steps by {} in the partition dimension; views on chip step by 1", t.name,
               layout.stride[0]);
  }
  return dma_tile(c, report, t) && (!t.tile.dynamic.valid() || dma_index(c, report, t, dge_mode));
}

bool row_index_column(const Context& c, Report& report, const NamedTile& t) {
  if (!has_vector_index(c, t.tile)) return true;
  const Tile index = c.tile(c.tiles.dynamic(t.tile.dynamic).index);
  if (index.free_elements() == 1) return true;
  report.add(diag::size_mismatch, "the index of {} has {} elements per partition; it must have 1",
             t.name, index.free_elements());
  return false;
}

bool dma_mode(const Context& c, Report& report, DgeMode dge_mode, int32_t priority) {
  bool holds = true;
  if (dge_mode == DgeMode::hwdge && c.machine.hardware_dge_rings == 0) {
    report.add(diag::wrong_generation, "dge_mode is hwdge; {} makes descriptors in software only",
               c.machine.core);
    holds = false;
  }
  if (priority == -1) return holds;
  if (!c.machine.dma_priority) {
    report.add(diag::wrong_generation, "priority is {}; {} has no dma priorities", priority,
               c.machine.core);
    holds = false;
  } else if (priority < 0 || priority > 3) {
    report.add(diag::bad_argument, "priority is {}; it must be 0 to 3", priority);
    holds = false;
  }
  return holds;
}

}  // namespace rules
}  // namespace kiln
