// Transposes, at the CPU level of the including file.
#pragma once

#include <optional>

#include "kiln/executor/routines/stream/stream.h"
#include "kiln/executor/routines/transpose/matrix.h"
#include "kiln/isa/dma_transpose.h"
#include "kiln/isa/nc_transpose.h"

namespace kiln::KILN_CPU_LEVEL {

namespace {

std::byte* byte_workspace(routines::Slot slot, int64_t bytes) {
  constexpr auto word = static_cast<int64_t>(sizeof(float));
  return reinterpret_cast<std::byte*>(routines::workspace(slot, (bytes + word - 1) / word));
}

// The tile's rows with their elements next to each other: where they are, or a copy.
ByteRows contiguous_rows(const TileAccess& a) {
  if (a.contiguous()) return {a.base, a.partition_stride};
  const int64_t row_bytes = a.elements * size_bytes(a.dtype);
  std::byte* copy = byte_workspace(routines::Slot::moving, a.partitions * row_bytes);
  const Sequence sequence(a);
  Cursor cursor(sequence);
  gather(cursor, copy, a.partitions * a.elements);
  return {copy, row_bytes};
}

// Writes the transpose of `from`, which has as many columns as `d` has partitions.
void transpose_to(const TileAccess& d, ByteRows from) {
  const int64_t size = size_bytes(d.dtype);
  if (d.contiguous()) {
    transpose_matrix(size, from, d.elements, d.partitions, {d.base, d.partition_stride});
    return;
  }
  const int64_t row_bytes = d.elements * size;
  std::byte* copy = byte_workspace(routines::Slot::result, d.partitions * row_bytes);
  transpose_matrix(size, from, d.elements, d.partitions, {copy, row_bytes});
  const Sequence sequence(d);
  Cursor cursor(sequence);
  scatter(copy, cursor, d.partitions * d.elements);
}

constexpr int64_t columns_max = 512;

// For each column of `moving`, the one row where it is 1 (-1: nowhere); false if it is anything
// but 0 elsewhere.
bool find_ones(const TileAccess& moving, int32_t* row_of_column) {
  const int64_t columns = moving.elements;
  for (int64_t j = 0; j < columns; ++j) row_of_column[j] = -1;
  const float* values = reinterpret_cast<const float*>(moving.base);
  int64_t stride = moving.partition_stride / static_cast<int64_t>(sizeof(float));
  if (moving.dtype != DType::float32 || !moving.contiguous()) {
    float* copy = routines::workspace(routines::Slot::panel, moving.partitions * columns);
    Source(moving).copy(moving.partitions * columns, copy);
    values = copy;
    stride = columns;
  }
  bool clean = true;
  for (int64_t k = 0; k < moving.partitions; ++k) {
    const float* row = values + k * stride;
    for (int64_t j = 0; j < columns; ++j) {
      const bool is_zero = row[j] == 0, is_one = row[j] == 1;
      clean &= is_zero | (is_one & (row_of_column[j] < 0));
      row_of_column[j] = is_zero ? row_of_column[j] : static_cast<int32_t>(k);
    }
  }
  return clean;
}

// The rows of `stationary` that the columns of `moving` pass on, as elements of d's type.
ByteRows passed_rows(const TileAccess& d, const TileAccess& s, const int32_t* rows) {
  bool in_order = s.dtype == d.dtype;
  for (int64_t j = 0; j < d.elements; ++j) in_order = in_order && rows[j] == j;
  if (in_order) return contiguous_rows(s);

  const int64_t size = size_bytes(d.dtype), row_bytes = d.partitions * size;
  std::byte* copy = byte_workspace(routines::Slot::stationary, d.elements * row_bytes);
  const Bits zero = routines::stored_constant(d.dtype, 0.0f);
  Scratch words;
  for (int64_t j = 0; j < d.elements; ++j) {
    std::byte* to = copy + j * row_bytes;
    if (rows[j] < 0) {
      for (int64_t i = 0; i < d.partitions; ++i) std::memcpy(to + i * size, &zero, size);
      continue;
    }
    const Sequence row(s, rows[j], 1);
    if (s.dtype == d.dtype) {
      Cursor cursor(row);
      gather(cursor, to, d.partitions);
    } else {
      const float* values = Source(row).read(d.partitions, words.at);
      const Conversion to_stored = conversion(d.dtype, As::value);
      if (to_stored.write != nullptr) {
        to_stored.write(values, to, d.partitions);
      } else {
        std::memcpy(to, values, static_cast<size_t>(row_bytes));
      }
    }
  }
  return {copy, row_bytes};
}

// A tile as DMA sees it: all dimensions alike, strides in bytes.
struct Grid {
  std::byte* base;
  int64_t stride[max_rank];
};

Grid grid_of(const Tile& tile, const TileAccess& a) {
  Grid grid{.base = a.base};
  for (int i = 0; i < tile.rank(); ++i) {
    grid.stride[i] = tile.layout->stride.at[i] * size_bytes(a.dtype);
  }
  if (tile.on_chip()) grid.stride[0] = a.partition_stride;
  return grid;
}

// A tile with an index for each row, as a copy in row-major order; null if an index is out of
// bounds.
std::optional<Grid> gathered_rows(TileMemory& memory, ViewId id, OobMode oob) {
  const Tile tile = memory.tiles().tile(id);
  const int64_t size = size_bytes(tile.dtype()), rows = tile.shape(0);
  const int64_t row_elements = tile.elements() / rows;
  Grid grid{.base = byte_workspace(routines::Slot::moving, tile.elements() * size)};
  for (int64_t r = 0; r < rows; ++r) {
    const std::optional<TileAccess> row = memory.access_row(id, r, oob);
    if (!row) return std::nullopt;
    const Sequence sequence(*row);
    Cursor cursor(sequence);
    gather(cursor, grid.base + r * row_elements * size, row_elements);
  }
  int64_t stride = size;
  for (int i = tile.rank() - 1; i >= 0; --i) {
    grid.stride[i] = stride;
    stride *= tile.shape(i);
  }
  return grid;
}

template <class T>
void transpose_strided(const std::byte* from, int64_t row_stride, int64_t column_stride,
                       int64_t rows, int64_t columns, std::byte* to, int64_t to_row_stride,
                       int64_t to_column_stride) {
  for (int64_t j = 0; j < columns; ++j) {
    for (int64_t i = 0; i < rows; ++i) {
      std::memcpy(to + j * to_row_stride + i * to_column_stride,
                  from + i * row_stride + j * column_stride, sizeof(T));
    }
  }
}

// Exchanges the first and the last axis of the source, whose shape is `shape`.
void exchange_axes(int64_t size, int rank, const Extents& shape, const Grid& from, const Grid& to) {
  const int last = rank - 1;
  const int64_t rows = shape.at[0], columns = shape.at[static_cast<size_t>(last)];
  // Three axes are reversed and four keep their middle ones, so these step alike in both.
  const int64_t outer = rank > 2 ? shape.at[1] : 1, inner = rank > 3 ? shape.at[2] : 1;
  for (int64_t i = 0; i < outer; ++i) {
    for (int64_t j = 0; j < inner; ++j) {
      const int64_t from_offset =
          (rank > 2 ? i * from.stride[1] : 0) + (rank > 3 ? j * from.stride[2] : 0);
      const int64_t to_offset =
          (rank > 2 ? i * to.stride[1] : 0) + (rank > 3 ? j * to.stride[2] : 0);
      std::byte* source = from.base + from_offset;
      std::byte* target = to.base + to_offset;
      if (from.stride[last] == size && to.stride[last] == size) {
        transpose_matrix(size, {source, from.stride[0]}, rows, columns, {target, to.stride[0]});
        continue;
      }
      const auto transpose = size == 4   ? &transpose_strided<uint32_t>
                             : size == 2 ? &transpose_strided<uint16_t>
                                         : &transpose_strided<uint8_t>;
      transpose(source, from.stride[0], from.stride[last], rows, columns, target, to.stride[0],
                to.stride[last]);
    }
  }
}

}  // namespace

bool dma_transpose(const DmaTranspose& t, TileMemory& memory) {
  const Tiles& tiles = memory.tiles();
  const Tile d = tiles.tile(t.dst.view), s = tiles.tile(t.src.view);
  if (d.rank() != s.rank()) return false;
  const std::optional<TileAccess> to = memory.access(t.dst.view, OobMode::error);
  if (!to) return true;
  const int64_t size = size_bytes(d.dtype());
  if (s.dynamic.valid() && tiles.dynamic(s.dynamic).kind == Dynamic::Kind::vector_tile) {
    const std::optional<Grid> from = gathered_rows(memory, t.src.view, t.oob_mode);
    if (!from) return memory.fault().has_value();
    exchange_axes(size, s.rank(), s.layout->shape, *from, grid_of(d, *to));
    return true;
  }
  // Out of bounds: a fault, or nothing to copy.
  const std::optional<TileAccess> from = memory.access(t.src.view, t.oob_mode);
  if (!from) return true;
  if (!routines::disjoint(*to, *from)) return false;
  exchange_axes(size, s.rank(), s.layout->shape, grid_of(s, *from), grid_of(d, *to));
  return true;
}

bool nc_transpose(const NcTranspose& t, TileMemory& memory) {
  const TileAccess d = memory.access(t.dst), s = memory.access(t.data);
  if (memory.fault()) return true;
  if (!routines::disjoint(d, s)) return false;
  transpose_to(d, contiguous_rows(s));
  return true;
}

bool transpose_by_identity(const NcMatmul& t, TileMemory& memory) {
  const TileAccess d = memory.access(t.dst), s = memory.access(t.stationary),
                   m = memory.access(t.moving);
  if (memory.fault()) return true;
  int32_t row_of_column[columns_max];
  if (d.elements > columns_max || d.partitions > block_max || !routines::disjoint(d, s) ||
      !routines::disjoint(d, m) || !find_ones(m, row_of_column)) {
    return false;
  }
  transpose_to(d, passed_rows(d, s, row_of_column));
  return true;
}

}  // namespace kiln::KILN_CPU_LEVEL
