// The view operations of NkiTensor: slice, select, permute and the rest. Each returns a new view of
// the same storage or says why it cannot. No data moves.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "kiln/base/result.h"
#include "kiln/tile/tiles.h"

namespace kiln {

// [step, count] of one dimension, as in NKI's access patterns.
struct Step {
  int64_t step = 0;
  int64_t count = 0;
};

// A dimension's index in t[…]: one element, `start` (the dimension goes, except the partition
// dimension and the last free one), a range, or an ellipsis for all dimensions not given.
struct Index {
  enum class Kind : uint8_t { integer, range, ellipsis };
  Kind kind = Kind::range;
  std::optional<int64_t> start, stop;  // of a range, none: from or to the end
  int64_t step = 1;
};

namespace view_ops {

// NumPy indexing with integers, ranges and one ellipsis. Negative indices count from the end; a
// range that leaves the dimension is an error, not clamped, as on the device.
Result<View> index(const Tile& tile, std::span<const Index> indices);
// A dimension given as -1 is the last, and so on.
Result<View> slice(const Tile& tile, int dim, int64_t start, int64_t stop, int64_t step = 1);
Result<View> select(const Tile& tile, int dim, int64_t index);
Result<View> permute(const Tile& tile, std::span<const int64_t> dims);
Result<View> broadcast(const Tile& tile, int dim, int64_t size);
Result<View> expand_dim(const Tile& tile, int dim);
Result<View> squeeze_dim(const Tile& tile, int dim);
// One of the sizes may be -1: what is left.
Result<View> reshape_dim(const Tile& tile, int dim, std::span<const int64_t> sizes);
Result<View> flatten_dims(const Tile& tile, int first, int last);
Result<View> reshape(const Tile& tile, std::span<const int64_t> shape);
// As in einops: each side is a list of groups of names; `sizes` fixes what cannot be inferred.
using NamePattern = std::vector<std::vector<std::string>>;
Result<View> rearrange(const Tile& tile, const NamePattern& from, const NamePattern& to,
                       std::span<const std::pair<std::string, int64_t>> sizes);
// Reinterprets the bytes; the last dimension's size scales.
Result<View> reinterpret(const Tile& tile, DType dtype);

// NkiTensor.ap: an explicit access pattern over the storage. On-chip, pattern[0] is {row elements,
// partitions}. `offset`, if given, addresses the storage; otherwise the view's own offset is kept.
Result<View> access_pattern(const Tile& tile, std::span<const Step> pattern,
                            std::optional<int64_t> offset, std::optional<DType> dtype);

// NkiTensor.indirect: of each partition, the `count` elements whose numbers along the free
// dimension `index` holds. Which of them a partition reads depends on the engine
// (isa/indirection.h).
struct Indirection {
  View view;  // [partitions, count], without its dynamic part
  Dynamic dynamic;
};
Result<Indirection> indirect(const Tile& tile, ViewId index, const Tile& index_tile,
                             std::optional<int64_t> count);

// The dynamic part for a runtime index along `dim` of the tile: its element stride and limit.
Result<Dynamic> dynamic_along(const Tile& tile, int dim);

// The view as [[step, count], …] in storage elements, the form access_pattern takes.
std::vector<Step> pattern(const Tile& tile);
// Storage element of the view's first element, in the same terms.
int64_t storage_offset(const Tile& tile);
// Row-major without gaps; on-chip, within each partition.
bool is_contiguous(const Tile& tile);
std::string shape_text(const Layout& layout);

}  // namespace view_ops
}  // namespace kiln
