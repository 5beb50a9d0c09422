// Footprint: the bytes that an access touches. Within one storage, the same bytes of each of some
// partitions' rows.
#pragma once

#include <vector>

#include "kiln/tile/tiles.h"

namespace kiln {

struct Footprint {
  StorageId storage;
  int64_t partition = 0;  // the first; 0 in HBM, which is one row
  int64_t partitions = 1;
  int64_t partition_step = 1;
  int64_t byte = 0;       // of the first run, within the row
  int64_t run_bytes = 0;  // bytes without gaps; what repeats
  int rank = 0;           // how it repeats, outermost first
  Extents shape;
  Extents stride;  // bytes

  // Elements that are read or written several times count once each time.
  int64_t bytes() const;
  // One run in each of neighbouring partitions.
  bool is_box() const { return rank == 0 && (partition_step == 1 || partitions == 1); }
  Region region() const;
  bool overlaps(const Footprint& other) const;
};

// Of a view, which has no runtime index or is taken without it.
Footprint footprint(const Tile& tile);

// Calls fn(first byte, end byte) for each run within a row.
template <class Fn>
void for_each_run(const Footprint& f, Fn&& fn) {
  if (f.rank == 0) return fn(f.byte, f.byte + f.run_bytes);
  Extents at;
  int64_t first = f.byte;
  while (true) {
    fn(first, first + f.run_bytes);
    int dim = f.rank - 1;
    while (dim >= 0) {
      first += f.stride[dim];
      if (++at[dim] < f.shape[dim]) break;
      first -= f.shape[dim] * f.stride[dim];
      at[dim--] = 0;
    }
    if (dim < 0) return;
  }
}

}  // namespace kiln
