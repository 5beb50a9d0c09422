// DmaAccess: a view as the DMA engines walk it, element by element in row-major order with the
// runtime indices resolved; and the rules that DMA instructions share.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "kiln/isa/operand.h"
#include "kiln/isa/rules.h"
#include "kiln/isa/tile_memory.h"

namespace kiln {

class DmaAccess {
 public:
  DmaAccess(TileMemory& memory, ViewId id, OobMode oob);

  // The address of element n, or null if a runtime index puts it out of bounds.
  std::byte* at(int64_t n) const {
    const std::optional<TileAccess>& block = blocks_[static_cast<size_t>(n / block_elements_)];
    if (!block) return nullptr;
    n %= block_elements_;
    return block->at(n / block->elements, n % block->elements);
  }

 private:
  // The whole view, or with an index for each row its rows.
  std::vector<std::optional<TileAccess>> blocks_;
  int64_t block_elements_;
};

namespace rules {

// DMA reaches the tile, and can follow its runtime index if it has one. A vector of indices needs
// an indexed tensor in HBM and descriptors made in software.
bool dma_operand(const Context& context, Report& report, const NamedTile& t, DgeMode dge_mode);

// An index for each row, if the tile has one, is a column.
bool row_index_column(const Context& context, Report& report, const NamedTile& t);

// The machine has the descriptor generation and the priority (-1: not given) asked for.
bool dma_mode(const Context& context, Report& report, DgeMode dge_mode, int32_t priority);

}  // namespace rules
}  // namespace kiln
