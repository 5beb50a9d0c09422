// Copies and fills, at the CPU level of the including file.
#pragma once

#include <optional>

#include "kiln/executor/routines/stream/stream.h"
#include "kiln/executor/routines/transpose/transpose.h"
#include "kiln/isa/dma_compute.h"
#include "kiln/isa/dma_copy.h"
#include "kiln/isa/memset.h"
#include "kiln/isa/tensor_copy.h"

namespace kiln::KILN_CPU_LEVEL {

namespace {

template <class T>
void copy_run(std::byte* to, int64_t to_step, const std::byte* from, int64_t from_step, int64_t n) {
  if (to_step == static_cast<int64_t>(sizeof(T)) && from_step == to_step) {
    std::memcpy(to, from, static_cast<size_t>(n) * sizeof(T));
    return;
  }
  for (int64_t i = 0; i < n; ++i) std::memcpy(to + i * to_step, from + i * from_step, sizeof(T));
}

// The next n elements, bit by bit.
template <class T>
void copy_elements(Cursor& to, Cursor& from, int64_t n) {
  while (n > 0) {
    int64_t run = to.run() < from.run() ? to.run() : from.run();
    if (run > n) run = n;
    copy_run<T>(to.at(), to.step(), from.at(), from.step(), run);
    to.advance(run);
    from.advance(run);
    n -= run;
  }
}

void copy_bits(Cursor& to, Cursor& from, int64_t n) {
  if (to.size() == 4) return copy_elements<uint32_t>(to, from, n);
  if (to.size() == 2) return copy_elements<uint16_t>(to, from, n);
  copy_elements<uint8_t>(to, from, n);
}

void skip(Cursor& cursor, int64_t n) {
  while (n > 0) {
    const int64_t run = cursor.run() < n ? cursor.run() : n;
    cursor.advance(run);
    n -= run;
  }
}

// Copies where the rows of one are the columns of the other in memory; false if that is not so.
bool copy_transposed(const Sequence& to, const Sequence& from, int64_t size) {
  if (to.rank != 2 || from.rank != 2 || to.shape[0] != from.shape[0]) return false;
  const int64_t rows = to.shape[0], columns = to.shape[1];
  if (rows < lanes || columns < lanes) return false;
  if (to.stride[1] == size && from.stride[0] == size) {
    transpose_matrix(size, {from.base, from.stride[1]}, columns, rows, {to.base, to.stride[0]});
    return true;
  }
  if (to.stride[0] == size && from.stride[1] == size) {
    transpose_matrix(size, {from.base, from.stride[0]}, rows, columns, {to.base, to.stride[1]});
    return true;
  }
  return false;
}

// All elements in order: bit by bit if the types are the same, else by way of float32.
void copy_tile(const TileAccess& d, const TileAccess& s) {
  const Sequence to(d), from(s);
  if (d.dtype == s.dtype) {
    if (copy_transposed(to, from, size_bytes(d.dtype))) return;
    Cursor target(to), source(from);
    copy_bits(target, source, to.elements);
    return;
  }
  Source source(from);
  Sink sink(to);
  Scratch x;
  for_each_block(
      to.elements, [&](int64_t n) { return source.limit(sink.limit(n)); },
      [&](int64_t n) { sink.close(n, source.read(n, sink.open(n, x.at))); });
}

bool has_row_index(const Tiles& tiles, const Tile& tile) {
  return tile.dynamic.valid() && tiles.dynamic(tile.dynamic).kind == Dynamic::Kind::vector_tile;
}

// One side has an index for each row, the other is taken a row's elements at a time.
bool copy_indexed_rows(TileMemory& memory, ViewId indexed, ViewId plain, OobMode oob,
                       bool to_indexed) {
  const Tile tile = memory.tiles().tile(indexed);
  const int64_t rows = tile.shape(0), row_elements = tile.elements() / rows;
  const std::optional<TileAccess> other = memory.access(plain, oob);
  if (!other) return true;
  const Sequence sequence(*other);
  Cursor cursor(sequence);
  for (int64_t r = 0; r < rows; ++r) {
    const std::optional<TileAccess> row = memory.access_row(indexed, r, oob);
    if (memory.fault()) return true;
    if (!row) {
      skip(cursor, row_elements);
      continue;
    }
    const Sequence row_sequence(*row);
    Cursor row_cursor(row_sequence);
    if (to_indexed) {
      copy_bits(row_cursor, cursor, row_elements);
    } else {
      copy_bits(cursor, row_cursor, row_elements);
    }
  }
  return true;
}

template <class T>
void fill(const Sequence& to, Bits bits) {
  Cursor cursor(to);
  const auto value = static_cast<T>(bits);
  for (int64_t left = to.elements; left > 0;) {
    const int64_t n = cursor.run();
    if (cursor.contiguous()) {
      T* run = reinterpret_cast<T*>(cursor.at());
      for (int64_t i = 0; i < n; ++i) run[i] = value;
    } else {
      for (int64_t i = 0; i < n; ++i) {
        std::memcpy(cursor.at() + i * cursor.step(), &value, sizeof value);
      }
    }
    cursor.advance(n);
    left -= n;
  }
}

}  // namespace

bool tensor_copy(const TensorCopy& t, TileMemory& memory) {
  const TileAccess d = memory.access(t.dst), s = memory.access(t.src);
  if (memory.fault()) return true;
  if (!routines::disjoint(d, s)) return false;
  copy_tile(d, s);
  return true;
}

bool dma_copy(const DmaCopy& t, TileMemory& memory) {
  const Tiles& tiles = memory.tiles();
  const Tile d = tiles.tile(t.dst.view), s = tiles.tile(t.src.view);
  const bool to_indexed = has_row_index(tiles, d), from_indexed = has_row_index(tiles, s);
  if (to_indexed || from_indexed) {
    if (to_indexed == from_indexed || d.dtype() != s.dtype() || d.storage_id == s.storage_id) {
      return false;
    }
    return to_indexed ? copy_indexed_rows(memory, t.dst.view, t.src.view, t.oob_mode, true)
                      : copy_indexed_rows(memory, t.src.view, t.dst.view, t.oob_mode, false);
  }
  // Out of bounds: a fault, or nothing to copy.
  const std::optional<TileAccess> to = memory.access(t.dst.view, t.oob_mode);
  const std::optional<TileAccess> from = memory.access(t.src.view, t.oob_mode);
  if (!to || !from) return true;
  if (!routines::disjoint(*to, *from)) return false;
  copy_tile(*to, *from);
  return true;
}

namespace {

// dst = the sum of the sources, from left to right, element by element. False if they overlap.
bool add_tiles(const TileAccess& d, const TileAccess* from, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    if (!routines::may_stream(d, from[i])) return false;
  }
  std::optional<Source> sources[DmaCompute::sources_max];
  for (size_t i = 0; i < count; ++i) sources[i].emplace(Sequence(from[i]));
  Sink sink(d);
  Scratch sum, next, out_scratch;
  const auto limit = [&](int64_t n) {
    for (size_t i = 0; i < count; ++i) n = sources[i]->limit(n);
    return sink.limit(n);
  };
  for_each_block(d.partitions * d.elements, limit, [&](int64_t n) {
    constexpr Floats f32;
    const float* total = sources[0]->read(n, sum.at);
    float* out = sink.open(n, out_scratch.at);
    for (size_t i = 1; i < count; ++i) {
      const float* x = sources[i]->read(n, next.at);
      for_each_vector(n, [&](int64_t j, auto extent) {
        store(f32, hn::Add(load(f32, total + j, extent), load(f32, x + j, extent)), sum.at + j,
              extent);
      });
      total = sum.at;
    }
    if (total != out) std::memcpy(out, total, static_cast<size_t>(n) * sizeof(float));
    sink.close(n, out);
  });
  return true;
}

// One of two sources is dst; one side of the addition has an index for each row.
bool add_indexed_rows(const DmaCompute& t, TileMemory& memory, ViewId indexed, ViewId plain,
                      bool to_indexed) {
  const Tiles& tiles = memory.tiles();
  const Tile table = tiles.tile(indexed), tile = tiles.tile(plain);
  const Tile index = tiles.tile(tiles.dynamic(table.dynamic).index);
  // Indices are read row by row, so they must not be written.
  if (!tile.on_chip() || tile.partitions() != table.shape(0) ||
      index.storage_id == tile.storage_id) {
    return false;
  }
  const TileAccess all = memory.access(plain);
  for (int64_t r = 0; r < tile.partitions(); ++r) {
    const std::optional<TileAccess> far = memory.access_row(indexed, r, t.oob_mode);
    if (memory.fault()) return true;
    if (!far) continue;
    TileAccess near = all;
    near.base = all.row(r);
    near.partitions = 1;
    const TileAccess both[] = {*far, near};
    if (!add_tiles(to_indexed ? *far : near, both, 2)) return false;
  }
  return true;
}

}  // namespace

bool dma_compute(const DmaCompute& t, TileMemory& memory) {
  const Tiles& tiles = memory.tiles();
  const std::span<const ViewId> sources = tiles.list(t.srcs.list);
  if (has_row_index(tiles, tiles.tile(t.dst.view))) {
    const bool second = has_row_index(tiles, tiles.tile(sources[1]));
    return add_indexed_rows(t, memory, t.dst.view, sources[second ? 0 : 1], true);
  }
  TileAccess from[DmaCompute::sources_max];
  for (size_t i = 0; i < sources.size(); ++i) {
    if (has_row_index(tiles, tiles.tile(sources[i]))) {
      return add_indexed_rows(t, memory, sources[i], t.dst.view, false);
    }
    from[i] = memory.access(sources[i]);
  }
  return add_tiles(memory.access(t.dst), from, sources.size());
}

bool memset(const Memset& t, TileMemory& memory) {
  const TileAccess d = memory.access(t.dst);
  if (memory.fault()) return true;
  const Bits bits = routines::stored_constant(d.dtype, t.value);
  const Sequence to(d);
  if (size_bytes(d.dtype) == 4) {
    fill<uint32_t>(to, bits);
  } else if (size_bytes(d.dtype) == 2) {
    fill<uint16_t>(to, bits);
  } else {
    fill<uint8_t>(to, bits);
  }
  return true;
}

}  // namespace kiln::KILN_CPU_LEVEL
