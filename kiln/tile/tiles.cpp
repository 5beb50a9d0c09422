#include "kiln/tile/tiles.h"

#include <algorithm>

namespace kiln {

namespace {

size_t hash(const Layout& layout) {
  uint64_t h = static_cast<uint64_t>(layout.dtype) * 31 + layout.rank;
  for (int i = 0; i < layout.rank; ++i) {
    h = (h ^ static_cast<uint64_t>(layout.shape[i])) * 0x9E3779B97F4A7C15u;
    h = (h ^ static_cast<uint64_t>(layout.stride[i])) * 0xC2B2AE3D27D4EB4Fu;
    h ^= h >> 29;
  }
  return h;
}

}  // namespace

int64_t Storage::elements() const {
  int64_t n = 1;
  for (int i = 0; i < rank; ++i) n *= shape[i];
  return n;
}

View whole_view(StorageId id, const Storage& storage) {
  View view{.storage = id};
  view.layout.dtype = storage.dtype;
  view.layout.rank = storage.rank;
  view.layout.shape = storage.shape;
  int64_t stride = 1;
  for (int i = storage.rank - 1; i >= 0; --i) {
    view.layout.stride[i] = stride;
    stride *= storage.shape[i];
  }
  if (storage.on_chip()) view.layout.stride[0] = 1;
  return view;
}

StorageId Tiles::add(Storage storage) {
  const StorageId id{static_cast<uint32_t>(storages_.size())};
  storages_.push_back(std::move(storage));
  whole_.push_back(add(whole_view(id, storages_.back())));
  return id;
}

uint32_t Tiles::intern(const Layout& layout) {
  if (last_layout_ < layouts_.size() && layouts_[last_layout_] == layout) return last_layout_;
  const size_t h = hash(layout);
  const auto [first, last] = layout_index_.equal_range(h);
  for (auto it = first; it != last; ++it) {
    if (layouts_[it->second] == layout) return last_layout_ = it->second;
  }
  layouts_.push_back(layout);
  last_layout_ = static_cast<uint32_t>(layouts_.size() - 1);
  layout_index_.emplace(h, last_layout_);
  return last_layout_;
}

ViewId Tiles::add(const View& view) {
  views_.push_back(
      Packed{view.storage, intern(view.layout), view.offset, view.partition, view.dynamic});
  return {static_cast<uint32_t>(views_.size() - 1)};
}

DynamicId Tiles::add(const Dynamic& dynamic) {
  dynamics_.push_back(dynamic);
  has_indirection_ |= dynamic.kind == Dynamic::Kind::indirect_tile;
  return {static_cast<uint32_t>(dynamics_.size() - 1)};
}

Region region(const Tile& tile) {
  const Layout& layout = *tile.layout;
  const int64_t bytes = size_bytes(layout.dtype);
  Region r;
  int first_free = 0;
  if (tile.on_chip()) {
    first_free = 1;
    const int64_t reach = (layout.shape[0] - 1) * layout.stride[0];
    r.first_partition = tile.partition + std::min<int64_t>(reach, 0);
    r.end_partition = tile.partition + std::max<int64_t>(reach, 0) + 1;
  } else {
    r.end_partition = 1;
  }
  if (tile.dynamic.valid()) {
    r.end_byte = tile.storage->row_bytes();
    return r;
  }
  int64_t low = tile.offset, high = tile.offset;
  for (int i = first_free; i < layout.rank; ++i) {
    const int64_t reach = (layout.shape[i] - 1) * layout.stride[i];
    (reach < 0 ? low : high) += reach;
  }
  r.first_byte = low * bytes;
  r.end_byte = (high + 1) * bytes;
  return r;
}

}  // namespace kiln
