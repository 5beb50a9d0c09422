#include "kiln/isa/tile_memory.h"

#include <fmt/format.h>

#include <algorithm>

namespace kiln {

namespace {

// Sets the elements of one partition, in the layout's dimensions from `first` on.
void set_free_dims(TileAccess& a, const Layout& layout, int first) {
  const int64_t bytes = size_bytes(layout.dtype);
  a.elements = 1;
  for (int i = first; i < layout.rank; ++i) {
    const int64_t size = layout.shape[i], stride = layout.stride[i] * bytes;
    a.elements *= size;
    if (size == 1) continue;
    if (a.rank > 0 && a.stride[a.rank - 1] == size * stride) {
      a.shape[a.rank - 1] *= size;
      a.stride[a.rank - 1] = stride;
      continue;
    }
    a.shape[a.rank] = size;
    a.stride[a.rank] = stride;
    ++a.rank;
  }
  if (a.rank == 0) {
    a.rank = 1;
    a.shape[0] = 1;
    a.stride[0] = bytes;
  }
}

// The view without its dynamic part.
TileAccess static_access(const Tile& tile, const Buffer& buffer) {
  TileAccess a;
  a.dtype = tile.dtype();
  a.base =
      buffer.base + tile.partition * buffer.partition_stride + tile.offset * size_bytes(a.dtype);
  a.partitions = tile.partitions();
  if (tile.on_chip()) a.partition_stride = tile.layout->stride[0] * buffer.partition_stride;
  set_free_dims(a, *tile.layout, tile.on_chip() ? 1 : 0);
  return a;
}

// Whether the view, moved by some elements within its row, stays inside the storage. With an index
// for each row it is one row that moves.
bool stays_inside(const Tile& tile, int64_t elements, bool one_row) {
  Layout layout = *tile.layout;
  if (one_row) layout.shape[0] = 1;
  Tile fixed = tile;
  fixed.layout = &layout;
  fixed.dynamic = {};
  const Region reach = region(fixed);
  const int64_t shift = elements * size_bytes(tile.dtype());
  return reach.first_byte + shift >= 0 && reach.end_byte + shift <= tile.storage->row_bytes();
}

}  // namespace

PsumState::Before PsumState::write(const Region& region) {
  known_ = regions_.size();
  Before before = Before::nothing;
  for (const Region& seen : regions_) {
    if (seen == region) return Before::all;
    if (seen.overlaps(region)) before = Before::part;
  }
  regions_.push_back(region);
  return before;
}

bool PsumState::was_written(int64_t partition, int64_t byte) const {
  for (size_t i = 0; i < known_; ++i) {
    if (regions_[i].overlaps({partition, partition + 1, byte, byte + 1})) return true;
  }
  return false;
}

TileMemory::TileMemory(const Tiles& tiles, int register_count) : tiles_(tiles) {
  grow(register_count);
}

void TileMemory::grow(int register_count) {
  buffers_.resize(tiles_.storage_count());
  psum_states_.resize(tiles_.storage_count());
  registers_.resize(static_cast<size_t>(register_count));
}

void TileMemory::fault(std::string message) {
  if (fault()) return;
  const std::lock_guard lock(fault_mutex_);
  faults_.push_back({std::this_thread::get_id(), std::move(message)});
  has_fault_ = true;
}

std::optional<std::string> TileMemory::fault() const {
  if (!has_fault_) return std::nullopt;
  const std::lock_guard lock(fault_mutex_);
  for (const Fault& fault : faults_) {
    if (fault.thread == std::this_thread::get_id()) return fault.message;
  }
  return std::nullopt;
}

std::optional<std::string> TileMemory::take_fault() {
  std::optional<std::string> message = fault();
  if (!message) return std::nullopt;
  const std::lock_guard lock(fault_mutex_);
  std::erase_if(faults_, [](const Fault& f) { return f.thread == std::this_thread::get_id(); });
  has_fault_ = !faults_.empty();
  return message;
}

TileAccess TileMemory::access(ViewId id) {
  const Tile tile = tiles_.tile(id);
  if (!tile.dynamic.valid()) return static_access(tile, buffer(tile.storage_id));
  if (tile.indirect) return gathered(id).access();
  if (const std::optional<TileAccess> a = access(id, OobMode::error)) return *a;
  TileAccess empty = static_access(tile, buffer(tile.storage_id));
  empty.elements = 0;
  empty.partitions = 0;
  return empty;
}

std::optional<TileAccess> TileMemory::access(ViewId id, OobMode oob) {
  const Tile tile = tiles_.tile(id);
  TileAccess a = static_access(tile, buffer(tile.storage_id));
  if (!tile.dynamic.valid()) return a;

  const Dynamic& dynamic = tiles_.dynamic(tile.dynamic);
  KILN_CHECK(!tile.vector_index && !tile.indirect);
  const std::optional<int64_t> index = dynamic_index(tile, 0, oob);
  if (!index) return std::nullopt;
  a.base += *index * dynamic.stride * size_bytes(a.dtype);
  return a;
}

std::optional<TileAccess> TileMemory::access_row(ViewId id, int64_t row, OobMode oob) {
  const Tile tile = tiles_.tile(id);
  const Dynamic& dynamic = tiles_.dynamic(tile.dynamic);
  KILN_CHECK(dynamic.kind == Dynamic::Kind::vector_tile && !tile.on_chip());
  const std::optional<int64_t> index = dynamic_index(tile, row, oob);
  if (!index) return std::nullopt;

  TileAccess a;
  a.dtype = tile.dtype();
  a.base =
      buffer(tile.storage_id).base + (tile.offset + *index * dynamic.stride) * size_bytes(a.dtype);
  a.partitions = 1;
  set_free_dims(a, *tile.layout, 1);
  return a;
}

// Reads the index of a dynamic view, for a vector of indices that of one row.
std::optional<int64_t> TileMemory::dynamic_index(const Tile& tile, int64_t row, OobMode oob) {
  const Dynamic& dynamic = tiles_.dynamic(tile.dynamic);
  int64_t index = 0;
  if (dynamic.kind == Dynamic::Kind::scalar_register) {
    index = reg(dynamic.reg);
  } else {
    const TileAccess source = access(dynamic.index);
    if (source.partitions == 0) return std::nullopt;
    const Bits bits = source.bits(row % source.partitions, row / source.partitions);
    index = source.dtype == DType::int32 ? static_cast<int32_t>(bits) : static_cast<int64_t>(bits);
  }
  const bool one_row = dynamic.kind == Dynamic::Kind::vector_tile;
  if (index >= 0 && index < dynamic.limit && stays_inside(tile, index * dynamic.stride, one_row)) {
    return index;
  }
  if (oob == OobMode::error) {
    fault(fmt::format(
        "a runtime index of '{}' is {}; the dimension has {} elements{}", tile.storage->name, index,
        dynamic.limit,
        index >= 0 && index < dynamic.limit ? ", and from there the view leaves it" : ""));
  }
  return std::nullopt;
}

void TileMemory::gather(ViewId id, int64_t group) {
  const auto is_same = [&](const Gathered& g) { return g.view == id; };
  if (std::any_of(gathered_.begin(), gathered_.end(), is_same)) return;
  const Tile tile = tiles_.tile(id);
  const Dynamic& dynamic = tiles_.dynamic(tile.dynamic);
  const TileAccess first = static_access(tile, buffer(tile.storage_id));
  Result<GatheredTile> made =
      GatheredTile::gather(tile, dynamic, first, access(dynamic.index), group);
  if (!made) return fault(made.error().message);
  gathered_.push_back({id, std::move(made).value()});
}

const GatheredTile& TileMemory::gathered(ViewId id) const {
  const auto found = std::find_if(gathered_.begin(), gathered_.end(),
                                  [&](const Gathered& g) { return g.view == id; });
  KILN_CHECK(found != gathered_.end());
  return found->tile;
}

void TileMemory::open_accumulation(ViewId dst, bool overwrite) {
  if (!begin_accumulation(dst, overwrite)) return;
  const TileAccess a = access(dst);
  for (int64_t p = 0; p < a.partitions; ++p) {
    for (int64_t i = 0; i < a.elements; ++i) a.set(p, i, 0.0f);
  }
}

bool TileMemory::begin_accumulation(ViewId dst, bool overwrite) {
  const Tile tile = tiles_.tile(dst);
  if (tile.indirect) return begin_scattered_accumulation(dst, overwrite);
  PsumState& state = psum_state(tile.storage_id);
  const PsumState::Before before = state.write(region(tile));
  if (before == PsumState::Before::nothing || overwrite) return true;
  if (before == PsumState::Before::all) return false;
  const TileAccess a = access(dst);
  const std::byte* storage = buffer(tile.storage_id).base;
  const int64_t row_stride = buffer(tile.storage_id).partition_stride;
  for (int64_t p = 0; p < a.partitions; ++p) {
    for (int64_t i = 0; i < a.elements; ++i) {
      const int64_t at = a.at(p, i) - storage;
      if (!state.was_written(at / row_stride, at % row_stride)) a.set(p, i, 0.0f);
    }
  }
  return false;
}

// Element by element, because each has a place of its own in PSUM. From the last on: of those with
// the same place the last is the one that stays.
bool TileMemory::begin_scattered_accumulation(ViewId dst, bool overwrite) {
  const StorageId storage = tiles_.storage_of(dst);
  const GatheredTile& tile = gathered(dst);
  const TileAccess& a = tile.access();
  const int64_t row_stride = buffer(storage).partition_stride;
  int64_t rows = 0;
  for (int64_t p = 0; p < a.partitions; p += rows) {
    rows = tile.rows_alike(p);
    for (int64_t i = a.elements - 1; i >= 0; --i) {
      const int64_t at = tile.place(p, i) - buffer(storage).base;
      const int64_t partition = at / row_stride, byte = at % row_stride;
      PsumState& state = psum_state(storage);
      const PsumState::Before before =
          state.write({partition, partition + rows, byte, byte + size_bytes(a.dtype)});
      if (overwrite || before == PsumState::Before::all) continue;
      for (int64_t row = 0; row < rows; ++row) {
        if (!state.was_written(partition + row, byte)) a.set(p + row, i, 0.0f);
      }
    }
  }
  return overwrite;
}

}  // namespace kiln
