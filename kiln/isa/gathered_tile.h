// GatheredTile: the elements of a view made by indirect(), side by side in memory of their own
// while one instruction executes.
//
// A partition reads its offsets from the index rows of its group of partitions: offset i of a group
// that starts at row s is index[s + i % group, i / group].
#pragma once

#include <cstddef>
#include <vector>

#include "kiln/base/result.h"
#include "kiln/isa/tile_access.h"
#include "kiln/tile/tiles.h"

namespace kiln {

class GatheredTile {
 public:
  // `first` is the view's first element in each partition, `index` its offsets. An Error if one of
  // them is out of bounds.
  static Result<GatheredTile> gather(const Tile& tile, const Dynamic& dynamic,
                                     const TileAccess& first, const TileAccess& index,
                                     int64_t group);

  // Writes the elements back to where they came from; where several came from one place, the last.
  void scatter() const;

  // The elements, in the order of their offsets.
  const TileAccess& access() const { return access_; }
  // Where element i of partition p belongs.
  std::byte* place(int64_t p, int64_t i) const {
    return first_.row(p) + distance_[static_cast<size_t>(p / group_ * access_.elements + i)];
  }
  // How many partitions from p on have the same offsets.
  int64_t rows_alike(int64_t p) const;

 private:
  TileAccess first_;
  TileAccess access_;
  int64_t group_ = 0;
  std::vector<int64_t> distance_;  // bytes from first_, for each group and element
  std::vector<std::byte> data_;
};

}  // namespace kiln
