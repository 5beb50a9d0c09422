// The view operations, on layouts: sizes, strides and offsets. What every operation keeps:
// dimension 0 of an on-chip view counts partitions, and no element lies outside the storage.

#include "kiln/tile/view_ops.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace kiln::view_ops {

namespace {

template <class... Args>
Error error(fmt::format_string<Args...> message, Args&&... args) {
  return {fmt::format(message, std::forward<Args>(args)...)};
}

// The least number of dimensions: on-chip views keep a free dimension beside the partitions.
int min_rank(const Tile& tile) { return std::min<int>(tile.on_chip() ? 2 : 1, tile.rank()); }

// Dimension 0 is tied to partitions: to the memory's, or to those of a vector of runtime indices.
bool has_fixed_dim_0(const Tile& tile) { return tile.on_chip() || tile.vector_index; }

Error fixed_dim_0(std::string_view what) {
  return error("{} dimension 0, which counts partitions", what);
}

void append(Layout& layout, int64_t size, int64_t stride) {
  layout.shape[layout.rank] = size;
  layout.stride[layout.rank] = stride;
  ++layout.rank;
}

void insert(Layout& layout, int dim, int64_t size, int64_t stride) {
  for (int i = layout.rank; i > dim; --i) {
    layout.shape[i] = layout.shape[i - 1];
    layout.stride[i] = layout.stride[i - 1];
  }
  layout.shape[dim] = size;
  layout.stride[dim] = stride;
  ++layout.rank;
}

// Removes a dimension, of which one element is left if there must be as many dimensions.
void drop(Layout& layout, int dim, int least_rank) {
  layout.shape[dim] = 1;
  if (layout.rank <= least_rank) return;
  --layout.rank;
  for (int i = dim; i < layout.rank; ++i) {
    layout.shape[i] = layout.shape[i + 1];
    layout.stride[i] = layout.stride[i + 1];
  }
  // What lies beyond the rank stays zero, so that equal layouts compare equal.
  layout.shape[layout.rank] = 0;
  layout.stride[layout.rank] = 0;
}

// Makes dim, which may count from the end, one of 0 … rank-1. False, and no change, if it is none.
bool resolve_dim(int& dim, int rank) {
  const int from_start = dim < 0 ? dim + rank : dim;
  if (from_start < 0 || from_start >= rank) return false;
  dim = from_start;
  return true;
}

Error no_such_dim(int dim, const Tile& tile) {
  return error("there is no dimension {} in shape {}", dim, shape_text(*tile.layout));
}

// Moves the view's first element along a dimension of the tile.
void advance(View& view, const Tile& tile, int dim, int64_t count) {
  const int64_t distance = count * tile.layout->stride[dim];
  if (tile.on_chip() && dim == 0) {
    view.partition += static_cast<int32_t>(distance);
  } else {
    view.offset += distance;
  }
}

struct Dim {
  int64_t size, stride;
};

// What a range leaves of a dimension, with the view moved to its start; nothing, and the view
// unchanged, if the range ends before it starts or leaves the dimension.
std::optional<Dim> take_range(View& view, const Tile& tile, int dim, const Index& range) {
  const int64_t size = tile.shape(dim), stride = tile.layout->stride[dim];
  int64_t start = range.start.value_or(0), stop = range.stop.value_or(size);
  if (start < 0) start += size;
  if (stop < 0) stop += size;
  if (start < 0 || start > stop || stop > size || range.step < 1) return std::nullopt;
  advance(view, tile, dim, start);
  const int64_t count = (stop - start + range.step - 1) / range.step;
  if (count > 1) return Dim{count, stride * range.step};
  // One partition is no step apart from the next.
  return Dim{count, tile.on_chip() && dim == 0 ? 1 : stride};
}

// Moves the view to one index of a dimension. False if it is outside.
bool take_one(View& view, const Tile& tile, int dim, int64_t index) {
  const int64_t size = tile.shape(dim);
  if (index < 0) index += size;
  if (index < 0 || index >= size) return false;
  advance(view, tile, dim, index);
  return true;
}

Error bad_index(const Tile& tile, int dim, int64_t index) {
  return error("index {} is outside dimension {}, which has {} elements", index, dim,
               tile.shape(dim));
}

Error bad_range(const Tile& tile, int dim, const Index& range) {
  if (range.step < 1)
    return error("the step of dimension {} is {}; it is at least 1", dim, range.step);
  std::string text;
  if (range.start) text += fmt::format("{}", *range.start);
  text += ':';
  if (range.stop) text += fmt::format("{}", *range.stop);
  if (range.step != 1) text += fmt::format(":{}", range.step);
  return error("range {} leaves dimension {}, which has {} elements, or ends before it starts",
               text, dim, tile.shape(dim));
}

// A dimension that runtime indices take cannot be indexed again.
bool is_taken(const Tile& tile, int dim) {
  return tile.indirect || (dim == 0 && tile.vector_index);
}

Error taken(const Tile& tile) {
  if (tile.indirect) return error("a view made by indirect() cannot be indexed again");
  return error("dimension 0 has a runtime index for each partition and cannot be indexed again");
}

// The elements have no strides to work with, only an order.
Error no_strides(std::string_view what) {
  return error("a view made by indirect() cannot be {}; only its shape can change", what);
}

bool is_whole(const Index& i) {
  return i.kind == Index::Kind::range && !i.start && !i.stop && i.step == 1;
}

}  // namespace

Result<View> index(const Tile& tile, std::span<const Index> indices) {
  const int rank = tile.rank();
  int given = 0, ellipses = 0;
  for (const Index& i : indices) ++(i.kind == Index::Kind::ellipsis ? ellipses : given);
  if (ellipses > 1) return error("{} ellipses; an index has one at most", ellipses);
  if (given > rank) {
    return error("{} indices for the {} dimensions of {}", given, rank, shape_text(*tile.layout));
  }

  View view{tile.storage_id, tile.partition, tile.offset, tile.dynamic, {tile.dtype()}};
  int dim = 0;
  const auto append_whole = [&](int count) {
    for (; count > 0; --count, ++dim)
      append(view.layout, tile.shape(dim), tile.layout->stride[dim]);
  };
  for (const Index& i : indices) {
    if (i.kind == Index::Kind::ellipsis) {
      append_whole(rank - given);
      continue;
    }
    if (is_taken(tile, dim) && !is_whole(i)) return taken(tile);
    if (i.kind == Index::Kind::range) {
      const std::optional<Dim> left = take_range(view, tile, dim, i);
      if (!left) return bad_range(tile, dim, i);
      append(view.layout, left->size, left->stride);
    } else {
      const int64_t at = i.start.value_or(0);
      if (!take_one(view, tile, dim, at)) return bad_index(tile, dim, at);
      if (tile.on_chip() && dim == 0) append(view.layout, 1, 1);
    }
    ++dim;
  }
  append_whole(rank - dim);
  if (view.layout.rank < min_rank(tile)) append(view.layout, 1, tile.layout->stride[rank - 1]);
  return view;
}

Result<View> slice(const Tile& tile, int dim, int64_t start, int64_t stop, int64_t step) {
  if (!resolve_dim(dim, tile.rank())) return no_such_dim(dim, tile);
  if (is_taken(tile, dim)) return taken(tile);
  View view = tile.view();
  const Index range{Index::Kind::range, start, stop, step};
  const std::optional<Dim> left = take_range(view, tile, dim, range);
  if (!left) return bad_range(tile, dim, range);
  view.layout.shape[dim] = left->size;
  view.layout.stride[dim] = left->stride;
  return view;
}

Result<View> select(const Tile& tile, int dim, int64_t index) {
  if (!resolve_dim(dim, tile.rank())) return no_such_dim(dim, tile);
  if (is_taken(tile, dim)) return taken(tile);
  View view = tile.view();
  if (!take_one(view, tile, dim, index)) return bad_index(tile, dim, index);
  if (dim > 0 || !tile.on_chip()) {
    drop(view.layout, dim, min_rank(tile));
  } else {
    view.layout.shape[0] = view.layout.stride[0] = 1;
  }
  return view;
}

Result<View> permute(const Tile& tile, std::span<const int64_t> dims) {
  const int rank = tile.rank();
  if (tile.indirect) return no_strides("permuted");
  View view = tile.view();
  unsigned seen = 0;
  bool is_permutation = static_cast<int>(dims.size()) == rank;
  for (int i = 0; is_permutation && i < rank; ++i) {
    const int64_t wanted = dims[static_cast<size_t>(i)];
    const int64_t dim = wanted < 0 ? wanted + rank : wanted;
    is_permutation = dim >= 0 && dim < rank && (seen >> dim & 1) == 0;
    if (!is_permutation) break;
    seen |= 1u << dim;
    view.layout.shape[i] = tile.shape(static_cast<int>(dim));
    view.layout.stride[i] = tile.layout->stride[static_cast<int>(dim)];
    if (i == 0 && dim != 0 && has_fixed_dim_0(tile))
      return fixed_dim_0("a permutation cannot move");
  }
  if (!is_permutation) {
    return error("({}) is not a permutation of the {} dimensions of {}", fmt::join(dims, ", "),
                 rank, shape_text(*tile.layout));
  }
  return view;
}

Result<View> broadcast(const Tile& tile, int dim, int64_t size) {
  if (!resolve_dim(dim, tile.rank())) return no_such_dim(dim, tile);
  if (dim == 0 && has_fixed_dim_0(tile)) return fixed_dim_0("broadcast cannot repeat");
  if (tile.indirect) return no_strides("broadcast");
  if (tile.shape(dim) != 1) {
    return error("broadcast repeats a dimension of 1 element; dimension {} has {}", dim,
                 tile.shape(dim));
  }
  if (size < 1) return error("broadcast to {} elements; a dimension has at least 1", size);
  View view = tile.view();
  view.layout.shape[dim] = size;
  view.layout.stride[dim] = 0;
  return view;
}

Result<View> expand_dim(const Tile& tile, int dim) {
  const int rank = tile.rank();
  if (!resolve_dim(dim, rank + 1)) return no_such_dim(dim, tile);
  if (dim == 0 && has_fixed_dim_0(tile)) return fixed_dim_0("expand_dim cannot go before");
  if (rank == max_rank) return error("a view has at most {} dimensions", max_rank);
  View view = tile.view();
  insert(view.layout, dim, 1, dim < rank ? tile.shape(dim) * tile.layout->stride[dim] : 1);
  return view;
}

Result<View> squeeze_dim(const Tile& tile, int dim) {
  if (!resolve_dim(dim, tile.rank())) return no_such_dim(dim, tile);
  if (dim == 0 && has_fixed_dim_0(tile)) return fixed_dim_0("squeeze_dim cannot remove");
  if (tile.shape(dim) != 1) {
    return error("squeeze_dim removes a dimension of 1 element; dimension {} has {}", dim,
                 tile.shape(dim));
  }
  View view = tile.view();
  drop(view.layout, dim, min_rank(tile));
  return view;
}

namespace {

// Replaces dimensions first … last-1 by `sizes`, which have as many elements, with strides that
// reach the same elements in the same order. False if there are none.
bool reshape_range(Layout& layout, int first, int last, std::span<const int64_t> sizes) {
  // The old dimensions as few blocks as possible, each of elements at one stride.
  Extents block_size, block_stride;
  int blocks = 0;
  for (int i = first; i < last; ++i) {
    const int64_t size = layout.shape[i], stride = layout.stride[i];
    if (size == 1) continue;
    if (blocks > 0 && block_stride[blocks - 1] == size * stride) {
      block_size[blocks - 1] *= size;
    } else {
      block_size[blocks++] = size;
    }
    block_stride[blocks - 1] = stride;
  }

  Layout result{.dtype = layout.dtype};
  for (int i = 0; i < first; ++i) append(result, layout.shape[i], layout.stride[i]);
  int block = -1;
  int64_t left = 1;  // elements of the block that no new dimension has taken
  for (int64_t size : sizes) {
    if (left == 1 && size != 1) left = block_size[++block];
    if (left % size != 0) return false;
    left /= size;
    append(result, size, block < 0 ? 1 : left * block_stride[block]);
  }
  for (int i = last; i < layout.rank; ++i) append(result, layout.shape[i], layout.stride[i]);
  layout = result;
  return true;
}

// New sizes with -1 replaced by what is left of `elements`; nothing if they do not fit.
std::optional<Extents> infer_sizes(std::span<const int64_t> sizes, int64_t elements) {
  Extents result;
  int64_t product = 1;
  int inferred = -1;
  for (int i = 0; i < static_cast<int>(sizes.size()); ++i) {
    const int64_t size = sizes[static_cast<size_t>(i)];
    result[i] = size;
    if (size == -1 && inferred < 0) {
      inferred = i;
    } else if (size < 1 || size > elements / product || elements % (product * size) != 0) {
      return std::nullopt;
    } else {
      product *= size;
    }
  }
  if (inferred >= 0) {
    result[inferred] = elements / product;
  } else if (product != elements) {
    return std::nullopt;
  }
  return result;
}

// The view with dimensions first … last-1 replaced by `sizes`.
Result<View> reshaped(const Tile& tile, int first, int last, std::span<const int64_t> sizes) {
  const Layout& layout = *tile.layout;
  if (layout.rank - (last - first) + static_cast<int>(sizes.size()) > max_rank) {
    return error("a view has at most {} dimensions", max_rank);
  }
  int64_t elements = 1;
  for (int i = first; i < last; ++i) elements *= layout.shape[i];
  const std::optional<Extents> inferred = infer_sizes(sizes, elements);
  if (!inferred) {
    return error("({}) does not hold the {} elements of dimensions {} to {} of {}",
                 fmt::join(sizes, ", "), elements, first, last - 1, shape_text(layout));
  }
  View view = tile.view();
  if (!reshape_range(view.layout, first, last, std::span(inferred->at).first(sizes.size()))) {
    return error(
        "{} with strides ({}) cannot be seen as ({}) without moving data", shape_text(layout),
        fmt::join(std::span(layout.stride.at).first(layout.rank), ", "), fmt::join(sizes, ", "));
  }
  return view;
}

}  // namespace

Result<View> reshape_dim(const Tile& tile, int dim, std::span<const int64_t> sizes) {
  if (!resolve_dim(dim, tile.rank())) return no_such_dim(dim, tile);
  if (sizes.empty()) return error("reshape_dim needs at least one size");
  if (dim == 0 && has_fixed_dim_0(tile) && sizes.size() != 1) {
    return fixed_dim_0("reshape_dim cannot split");
  }
  return reshaped(tile, dim, dim + 1, sizes);
}

Result<View> flatten_dims(const Tile& tile, int first, int last) {
  if (!resolve_dim(first, tile.rank())) return no_such_dim(first, tile);
  if (!resolve_dim(last, tile.rank())) return no_such_dim(last, tile);
  if (first > last) return error("flatten_dims from dimension {} to {}", first, last);
  if (first == 0 && last > 0 && has_fixed_dim_0(tile)) {
    return fixed_dim_0("flatten_dims cannot merge");
  }
  return reshaped(tile, first, last + 1, std::array<int64_t, 1>{-1});
}

Result<View> reshape(const Tile& tile, std::span<const int64_t> shape) {
  const int rank = static_cast<int>(shape.size());
  if (rank < min_rank(tile)) {
    return error("({}) has {} dimensions; {} has at least {}", fmt::join(shape, ", "), rank,
                 tile.on_chip() ? "an on-chip view" : "a view", min_rank(tile));
  }
  if (!has_fixed_dim_0(tile)) return reshaped(tile, 0, tile.rank(), shape);
  const bool is_inferred = shape[0] == -1 && std::count(shape.begin(), shape.end(), -1) == 1;
  if (shape[0] != tile.shape(0) && !is_inferred) {
    return error("reshape keeps dimension 0, which counts partitions: {} elements, not {}",
                 tile.shape(0), shape[0]);
  }
  return reshaped(tile, 1, tile.rank(), shape.subspan(1));
}

namespace {

// One named part of a dimension.
struct Axis {
  std::string_view name;
  int64_t size;
  int64_t stride;
};

using Sizes = std::span<const std::pair<std::string, int64_t>>;

const Axis* find_axis(const std::vector<Axis>& axes, std::string_view name) {
  for (const Axis& axis : axes) {
    if (axis.name == name) return &axis;
  }
  return nullptr;
}

// Appends the axes that a dimension of the tile is split into.
Status split(const Tile& tile, int dim, const std::vector<std::string>& names, Sizes sizes,
             std::vector<Axis>& axes) {
  const int64_t elements = tile.shape(dim);
  const size_t first = axes.size();
  std::optional<size_t> unknown;
  int64_t known = 1;
  for (const std::string& name : names) {
    if (find_axis(axes, name) != nullptr) return error("the name '{}' stands twice", name);
    const auto given = std::find_if(sizes.begin(), sizes.end(),
                                    [&](const auto& size) { return size.first == name; });
    if (given != sizes.end()) {
      const int64_t size = given->second;
      if (size < 1 || size > elements / known) {
        return error("'{}' has {} elements; dimension {} has {}", name, size, dim, elements);
      }
      known *= size;
      axes.push_back({name, size, 0});
    } else if (unknown) {
      return error("the sizes of '{}' and '{}' do not both follow from dimension {}",
                   axes[*unknown].name, name, dim);
    } else {
      unknown = axes.size();
      axes.push_back({name, 0, 0});
    }
  }
  if (unknown ? elements % known != 0 : elements != known) {
    return error("({}) has {} elements; dimension {} has {}", fmt::join(names, " "), known, dim,
                 elements);
  }
  if (unknown) axes[*unknown].size = elements / known;
  int64_t stride = tile.layout->stride[dim];
  for (size_t i = axes.size(); i-- > first;) {
    axes[i].stride = stride;
    stride *= axes[i].size;
  }
  return Done{};
}

// The dimension that a group of axes makes, as a layout of rank 1.
Result<Layout> merge(const std::vector<Axis>& axes, const std::vector<std::string>& names) {
  if (names.size() > max_rank) return error("a dimension is made of at most {} names", max_rank);
  Layout group;
  int64_t elements = 1;
  for (const std::string& name : names) {
    const Axis* axis = find_axis(axes, name);
    if (axis == nullptr) return error("the name '{}' is not in the source pattern", name);
    append(group, axis->size, axis->stride);
    elements *= axis->size;
  }
  if (!reshape_range(group, 0, group.rank, std::array{elements})) {
    return error("({}) cannot be one dimension without moving data", fmt::join(names, " "));
  }
  return group;
}

}  // namespace

Result<View> rearrange(const Tile& tile, const NamePattern& from, const NamePattern& to,
                       Sizes sizes) {
  const int rank = tile.rank();
  if (tile.indirect) return no_strides("rearranged");
  if (static_cast<int>(from.size()) != rank) {
    return error("the source pattern has {} dimensions; {} has {}", from.size(),
                 shape_text(*tile.layout), rank);
  }
  std::vector<Axis> axes;
  for (int dim = 0; dim < rank; ++dim) {
    if (Status done = split(tile, dim, from[static_cast<size_t>(dim)], sizes, axes); !done) {
      return done.error();
    }
  }
  for (const auto& [name, size] : sizes) {
    if (find_axis(axes, name) == nullptr) return error("the name '{}' is not in the pattern", name);
  }

  if (static_cast<int>(to.size()) > max_rank || static_cast<int>(to.size()) < min_rank(tile)) {
    return error("the destination pattern has {} dimensions; {} to {} are possible", to.size(),
                 min_rank(tile), max_rank);
  }
  if (has_fixed_dim_0(tile) && to[0] != from[0]) return fixed_dim_0("rearrange cannot change");
  View view = tile.view();
  view.layout = {.dtype = tile.dtype()};
  std::vector<std::string_view> used;
  for (const std::vector<std::string>& names : to) {
    Result<Layout> group = merge(axes, names);
    if (!group) return group.error();
    append(view.layout, group->shape[0], group->stride[0]);
    used.insert(used.end(), names.begin(), names.end());
  }
  std::sort(used.begin(), used.end());
  if (used.size() != axes.size() || std::adjacent_find(used.begin(), used.end()) != used.end()) {
    return error("the destination pattern does not have every name of the source once");
  }
  return view;
}

Result<View> reinterpret(const Tile& tile, DType dtype) {
  const int64_t from = size_bytes(tile.dtype()), to = size_bytes(dtype);
  const int last = tile.rank() - 1;
  const int first_free = tile.on_chip() ? 1 : 0;
  if (tile.dynamic.valid()) return error("a view with a runtime index cannot change its dtype");
  View view = tile.view();
  Layout& layout = view.layout;
  layout.dtype = dtype;
  if (from == to) return view;
  if (last < first_free || (layout.stride[last] != 1 && layout.shape[last] != 1)) {
    return error("dimension {} has stride {}; to change the element size it must be contiguous",
                 last, layout.stride[last]);
  }
  bool divides = (layout.shape[last] * from) % to == 0 && (view.offset * from) % to == 0;
  layout.shape[last] = layout.shape[last] * from / to;
  layout.stride[last] = 1;
  view.offset = view.offset * from / to;
  for (int i = first_free; i < last; ++i) {
    if (layout.shape[i] > 1 && (layout.stride[i] * from) % to != 0) divides = false;
    layout.stride[i] = layout.stride[i] * from / to;
  }
  if (!divides) {
    return error("{} elements of {} from element {} on are not whole elements of {}",
                 shape_text(*tile.layout), name_of(tile.dtype()), tile.offset, name_of(dtype));
  }
  return view;
}

Result<Indirection> indirect(const Tile& tile, ViewId index, const Tile& index_tile,
                             std::optional<int64_t> count) {
  if (tile.dynamic.valid()) return error("the view already has a runtime index; one is the limit");
  if (!tile.on_chip()) return error("indirect() is for tensors in sbuf and psum");
  if (index_tile.dynamic.valid()) return error("the index has a runtime index itself");
  if (!index_tile.in_sbuf()) {
    return error("the index is in {}; it must be in sbuf", name_of(index_tile.memory()));
  }
  if (index_tile.shape(0) != tile.shape(0)) {
    return error("the index has {} partitions, the tensor {}", index_tile.shape(0), tile.shape(0));
  }
  const int64_t offsets = index_tile.elements();
  if (count && (*count < 1 || *count > offsets)) {
    return error("num_elem is {}; the index has {} elements", *count, offsets);
  }
  const Result<View> row = flatten_dims(tile, 1, tile.rank() - 1);
  if (!row) return row.error();
  Indirection result{.view = *row,
                     .dynamic = {.kind = Dynamic::Kind::indirect_tile,
                                 .reg = {},
                                 .index = index,
                                 .stride = row->layout.stride[1],
                                 .limit = row->layout.shape[1]}};
  result.view.layout.shape[1] = count.value_or(offsets);
  result.view.layout.stride[1] = 0;
  return result;
}

Result<Dynamic> dynamic_along(const Tile& tile, int dim) {
  if (!resolve_dim(dim, tile.rank())) return no_such_dim(dim, tile);
  if (tile.dynamic.valid()) return error("the view already has a runtime index; one is the limit");
  if (dim == 0 && tile.on_chip()) return fixed_dim_0("a runtime index cannot go along");
  const int64_t stride = tile.layout->stride[dim];
  int64_t limit = tile.shape(dim);
  // Who looks for a dimension by its stride may find one of a single element in its place.
  for (int d = tile.on_chip() ? 1 : 0; limit == 1 && d < tile.rank(); ++d) {
    if (tile.layout->stride[d] == stride) limit = tile.shape(d);
  }
  return Dynamic{.stride = stride, .limit = limit};
}

bool is_contiguous(const Tile& tile) {
  int64_t expected = 1;
  for (int i = tile.rank() - 1; i >= (tile.on_chip() ? 1 : 0); --i) {
    if (tile.shape(i) == 1) continue;
    if (tile.layout->stride[i] != expected) return false;
    expected *= tile.shape(i);
  }
  return true;
}

std::string shape_text(const Layout& layout) {
  const std::span<const int64_t> shape(layout.shape.at.data(), layout.rank);
  return fmt::format("({}{})", fmt::join(shape, ", "), layout.rank == 1 ? "," : "");
}

}  // namespace kiln::view_ops
