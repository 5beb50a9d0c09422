#include "kiln/isa/gathered_tile.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace kiln {

namespace {

constexpr int64_t line_bytes = 64;

}  // namespace

Result<GatheredTile> GatheredTile::gather(const Tile& tile, const Dynamic& dynamic,
                                          const TileAccess& first, const TileAccess& index,
                                          int64_t group) {
  const int64_t count = tile.free_elements(), size = size_bytes(tile.dtype());
  GatheredTile g;
  g.first_ = first;
  g.group_ = group;
  for (int64_t start = 0; start < first.partitions; start += group) {
    for (int64_t i = 0; i < count; ++i) {
      const auto offset = static_cast<int64_t>(index.bits(start + i % group, i / group));
      const int64_t element = tile.offset + offset * dynamic.stride;
      if (offset >= dynamic.limit || element < 0 ||
          (element + 1) * size > tile.storage->row_bytes()) {
        return Error{
            fmt::format("offset {} of partitions {} to {} of '{}' is {}; there are {} elements", i,
                        start, std::min(start + group, first.partitions) - 1, tile.storage->name,
                        offset, dynamic.limit)};
      }
      g.distance_.push_back(offset * dynamic.stride * size);
    }
  }
  const int64_t row_bytes = (count * size + line_bytes - 1) / line_bytes * line_bytes;
  g.data_.resize(static_cast<size_t>(first.partitions * row_bytes));
  g.access_ = {.dtype = tile.dtype(),
               .partitions = first.partitions,
               .elements = count,
               .base = g.data_.data(),
               .partition_stride = row_bytes,
               .rank = 1};
  g.access_.shape[0] = count;
  g.access_.stride[0] = size;
  for (int64_t p = 0; p < first.partitions; ++p) {
    for (int64_t i = 0; i < count; ++i) {
      std::memcpy(g.access_.at(p, i), g.place(p, i), static_cast<size_t>(size));
    }
  }
  return g;
}

void GatheredTile::scatter() const {
  const auto size = static_cast<size_t>(size_bytes(access_.dtype));
  for (int64_t p = 0; p < access_.partitions; ++p) {
    for (int64_t i = 0; i < access_.elements; ++i) {
      std::memcpy(place(p, i), access_.at(p, i), size);
    }
  }
}

int64_t GatheredTile::rows_alike(int64_t p) const {
  const int64_t end = (p / group_ + 1) * group_;
  return std::min(end, access_.partitions) - p;
}

}  // namespace kiln
