// The documented behaviour of each view operation, and random chains of operations compared with an
// array of addresses that goes through the same operations element by element.
#include "kiln/tile/view_ops.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <numeric>
#include <random>

namespace kiln {

namespace {

using Sizes = std::vector<int64_t>;

StorageId add(Tiles& tiles, Memory memory, DType dtype, const Sizes& shape) {
  Storage storage{.name = "t", .memory = memory, .dtype = dtype};
  for (int64_t size : shape) storage.shape[storage.rank++] = size;
  return tiles.add(storage);
}

Sizes shape_of(const Tile& tile) {
  return {tile.layout->shape.at.begin(), tile.layout->shape.at.begin() + tile.rank()};
}

// The byte address of every element in row-major order. Rows of partitions follow one another.
std::vector<int64_t> addresses(const Tile& tile) {
  const int64_t bytes = size_bytes(tile.dtype()), row_bytes = tile.storage->row_bytes();
  std::vector<int64_t> result;
  for (int64_t n = 0; n < tile.elements(); ++n) {
    int64_t partition = tile.partition, element = tile.offset;
    int64_t rest = n;
    for (int d = tile.rank() - 1; d >= 0; --d) {
      const int64_t distance = rest % tile.shape(d) * tile.layout->stride[d];
      (tile.on_chip() && d == 0 ? partition : element) += distance;
      rest /= tile.shape(d);
    }
    result.push_back(partition * row_bytes + element * bytes);
  }
  return result;
}

Index at(int64_t i) { return {Index::Kind::integer, i, std::nullopt}; }
Index all() { return {}; }
Index ellipsis() { return {Index::Kind::ellipsis, std::nullopt, std::nullopt}; }
Index range(std::optional<int64_t> start, std::optional<int64_t> stop, int64_t step = 1) {
  return {Index::Kind::range, start, stop, step};
}

// One tensor and the views made from it, by the latest of which operations are called.
struct Tensor {
  Tiles tiles;
  ViewId id;

  Tensor(Memory memory, const Sizes& shape, DType dtype = DType::float32)
      : id(tiles.whole(add(tiles, memory, dtype, shape))) {}

  Tile tile() const { return tiles.tile(id); }
  Sizes shape() const { return shape_of(tile()); }
  bool set(const Result<View>& view) {
    if (view) id = tiles.add(*view);
    return view.ok();
  }
  Sizes indexed(std::vector<Index> indices) const {
    Tensor copy(tile().memory(), shape());
    REQUIRE(copy.set(view_ops::index(copy.tile(), indices)));
    return copy.shape();
  }
  std::string index_error(std::vector<Index> indices) const {
    const Result<View> view = view_ops::index(tile(), indices);
    return view ? "" : view.error().message;
  }
};

}  // namespace

TEST_CASE("indexing on-chip keeps the partition dimension and two dimensions") {
  const Tensor t(Memory::sbuf, {64, 48, 32});
  CHECK(t.indexed({at(0), at(0), at(10)}) == Sizes{1, 1});
  CHECK(t.indexed({all(), at(0)}) == Sizes{64, 32});
  CHECK(t.indexed({all(), at(0), at(10)}) == Sizes{64, 1});
  CHECK(t.indexed({range(0, 16), at(-1), range(0, 8)}) == Sizes{16, 8});
  CHECK(t.indexed({all(), all(), range({}, {}, 2)}) == Sizes{64, 48, 16});
  CHECK(t.indexed({ellipsis()}) == Sizes{64, 48, 32});
  CHECK(t.indexed({at(0), ellipsis(), all()}) == Sizes{1, 48, 32});
  CHECK(t.indexed({ellipsis(), at(3)}) == Sizes{64, 48});
  CHECK(t.indexed({ellipsis(), range(-8, {})}) == Sizes{64, 48, 8});
  CHECK(t.indexed({range(1, 64, 3)}) == Sizes{21, 48, 32});
  CHECK(t.indexed({all(), all(), all(), ellipsis()}) == Sizes{64, 48, 32});
}

TEST_CASE("indexing in hbm drops dimensions down to one") {
  const Tensor t(Memory::shared_hbm, {4, 6, 8});
  CHECK(t.indexed({at(0)}) == Sizes{6, 8});
  CHECK(t.indexed({at(-1), at(2)}) == Sizes{8});
  CHECK(t.indexed({at(0), at(1), at(2)}) == Sizes{1});
  CHECK(t.indexed({range(1, -1), ellipsis(), at(0)}) == Sizes{2, 6});
}

TEST_CASE("indexing sets offset, partition and strides") {
  Tensor t(Memory::sbuf, {64, 6, 8});
  REQUIRE(t.set(view_ops::index(t.tile(), std::array{range(32, 40, 2), at(2), range(1, 8, 3)})));
  CHECK(t.tile().partition == 32);
  CHECK(t.tile().offset == 17);
  CHECK(t.tile().layout->stride[0] == 2);
  CHECK(t.tile().layout->stride[1] == 3);
  REQUIRE(t.set(view_ops::index(t.tile(), std::array{at(3), at(1)})));
  CHECK(t.tile().partition == 38);
  CHECK(t.tile().offset == 20);
  CHECK(t.tile().layout->stride[0] == 1);
}

TEST_CASE("an empty range leaves no elements") {
  const Tensor t(Memory::sbuf, {64, 6});
  const Result<View> none = view_ops::index(t.tile(), std::array{all(), range(6, 6, 2)});
  REQUIRE(none.ok());
  CHECK(view_ops::shape_text(none->layout) == "(64, 0)");
  const Result<View> no_rows = view_ops::slice(t.tile(), 0, 0, 0);
  REQUIRE(no_rows.ok());
  CHECK(view_ops::shape_text(no_rows->layout) == "(0, 6)");
}

TEST_CASE("an index outside a dimension is an error that names both") {
  const Tensor t(Memory::sbuf, {64, 6});
  CHECK(t.index_error({at(64)}) == "index 64 is outside dimension 0, which has 64 elements");
  CHECK(t.index_error({all(), at(-7)}) == "index -7 is outside dimension 1, which has 6 elements");
  CHECK(t.index_error({range(0, 128)}) ==
        "range 0:128 leaves dimension 0, which has 64 elements, or ends before it starts");
  CHECK(t.index_error({all(), range(3, 2)}) ==
        "range 3:2 leaves dimension 1, which has 6 elements, or ends before it starts");
  CHECK(t.index_error({all(), range(-9, {}, 2)}) ==
        "range -9::2 leaves dimension 1, which has 6 elements, or ends before it starts");
  CHECK(t.index_error({range(0, 8, 0)}) == "the step of dimension 0 is 0; it is at least 1");
  CHECK(t.index_error({all(), all(), at(0)}) == "3 indices for the 2 dimensions of (64, 6)");
  CHECK(t.index_error({ellipsis(), ellipsis()}) == "2 ellipses; an index has one at most");
  CHECK(view_ops::slice(t.tile(), 2, 0, 1).error().message ==
        "there is no dimension 2 in shape (64, 6)");
}

TEST_CASE("the partition dimension stays where it is") {
  const Tensor t(Memory::sbuf, {64, 1, 6});
  CHECK(!view_ops::permute(t.tile(), std::array<int64_t, 3>{1, 0, 2}));
  CHECK(!view_ops::expand_dim(t.tile(), 0));
  CHECK(!view_ops::flatten_dims(t.tile(), 0, 1));
  CHECK(!view_ops::reshape_dim(t.tile(), 0, std::array<int64_t, 2>{8, 8}));
  CHECK(!view_ops::reshape(t.tile(), std::array<int64_t, 2>{32, 12}));
  CHECK(view_ops::permute(t.tile(), std::array<int64_t, 3>{1, 0, 2}).error().message ==
        "a permutation cannot move dimension 0, which counts partitions");
  CHECK(view_ops::reshape_dim(t.tile(), 0, std::array<int64_t, 1>{-1}));
  CHECK(view_ops::reshape(t.tile(), std::array<int64_t, 2>{-1, 6}));
  const Tensor one(Memory::psum, {1, 1});
  CHECK(!view_ops::broadcast(one.tile(), 0, 8));
  CHECK(!view_ops::squeeze_dim(one.tile(), 0));
}

TEST_CASE("operations reject what does not fit") {
  const Tensor t(Memory::shared_hbm, {4, 6});
  CHECK(view_ops::broadcast(t.tile(), 0, 8).error().message ==
        "broadcast repeats a dimension of 1 element; dimension 0 has 4");
  CHECK(view_ops::squeeze_dim(t.tile(), 1).error().message ==
        "squeeze_dim removes a dimension of 1 element; dimension 1 has 6");
  CHECK(view_ops::permute(t.tile(), std::array<int64_t, 2>{0, 0}).error().message ==
        "(0, 0) is not a permutation of the 2 dimensions of (4, 6)");
  CHECK(view_ops::reshape(t.tile(), std::array<int64_t, 2>{5, 5}).error().message ==
        "(5, 5) does not hold the 24 elements of dimensions 0 to 1 of (4, 6)");
  CHECK(!view_ops::reshape(t.tile(), std::array<int64_t, 2>{-1, -1}));
  CHECK(!view_ops::reshape(t.tile(), std::array<int64_t, 2>{-1, int64_t{1} << 62}));
  CHECK(!view_ops::reshape(t.tile(), std::array<int64_t, 9>{4, 6, 1, 1, 1, 1, 1, 1, 1}));
  CHECK(!view_ops::reshape(t.tile(), {}));
  CHECK(view_ops::reinterpret(t.tile(), DType::float16).ok());
  const Tensor odd(Memory::shared_hbm, {4, 3}, DType::uint8);
  CHECK(!view_ops::reinterpret(odd.tile(), DType::uint16));
  Tensor rows(Memory::shared_hbm, {4, 6}, DType::uint8);
  REQUIRE(rows.set(view_ops::slice(rows.tile(), 1, 0, 4)));  // rows start every 6 bytes
  CHECK(view_ops::reinterpret(rows.tile(), DType::uint16));
  CHECK(view_ops::reinterpret(rows.tile(), DType::uint32).error().message ==
        "(4, 4) elements of uint8 from element 0 on are not whole elements of uint32");
}

TEST_CASE("reshape of a strided view works where strides can express it") {
  Tensor t(Memory::sbuf, {8, 4, 6});
  REQUIRE(t.set(view_ops::slice(t.tile(), 2, 0, 6, 2)));  // (8, 4, 3), strides 6 and 2
  CHECK(view_ops::reshape(t.tile(), std::array<int64_t, 2>{8, 12}));
  CHECK(view_ops::reshape(t.tile(), std::array<int64_t, 3>{8, 2, 6}));
  REQUIRE(t.set(view_ops::slice(t.tile(), 2, 0, 2)));  // (8, 4, 2), strides 6 and 2
  CHECK(view_ops::reshape(t.tile(), std::array<int64_t, 4>{8, 2, 2, 2}));
  CHECK(view_ops::reshape(t.tile(), std::array<int64_t, 2>{8, 8}).error().message ==
        "(8, 4, 2) with strides (1, 6, 2) cannot be seen as (8) without moving data");
}

TEST_CASE("rearrange splits, reorders and merges by name") {
  const std::vector<std::pair<std::string, int64_t>> sizes{{"h", 4}};
  Tensor t(Memory::sbuf, {128, 24});
  const std::vector<int64_t> before = addresses(t.tile());
  REQUIRE(t.set(view_ops::rearrange(t.tile(), {{"b"}, {"h", "w"}}, {{"b"}, {"w"}, {"h"}}, sizes)));
  CHECK(t.shape() == Sizes{128, 6, 4});
  // [p, w, h] was [p, h * 6 + w].
  const std::vector<int64_t> after = addresses(t.tile());
  CHECK(after[1] == before[6]);
  CHECK(after[4] == before[1]);
  CHECK(!view_ops::rearrange(t.tile(), {{"b"}, {"w"}, {"h"}}, {{"b"}, {"w", "h"}}, {}));
  REQUIRE(t.set(view_ops::rearrange(t.tile(), {{"b"}, {"w"}, {"h"}}, {{"b"}, {"h", "w"}}, {})));
  CHECK(addresses(t.tile()) == before);

  const auto message = [&](const view_ops::NamePattern& from, const view_ops::NamePattern& to) {
    const Result<View> view = view_ops::rearrange(t.tile(), from, to, sizes);
    return view ? "" : view.error().message;
  };
  CHECK(message({{"b"}, {"h", "w"}}, {{"w"}, {"b"}, {"h"}}) ==
        "rearrange cannot change dimension 0, which counts partitions");
  CHECK(message({{"b"}, {"x", "w"}}, {{"b"}, {"w"}, {"x"}}) ==
        "the sizes of 'x' and 'w' do not both follow from dimension 1");
  CHECK(message({{"b"}, {"b", "w"}}, {{"b"}, {"w"}}) == "the name 'b' stands twice");
  CHECK(message({{"b"}, {"h", "w"}}, {{"b"}, {"w"}}) ==
        "the destination pattern does not have every name of the source once");
  CHECK(message({{"b"}, {"h", "w"}}, {{"b"}, {"w"}, {"z"}}) ==
        "the name 'z' is not in the source pattern");
  CHECK(message({{"b"}, {"h"}}, {{"b"}, {"h"}}) == "(h) has 4 elements; dimension 1 has 24");
  CHECK(message({{"b"}, {"w"}}, {{"b"}, {"w"}}) == "the name 'h' is not in the pattern");
}

TEST_CASE("runtime indices") {
  Tensor t(Memory::shared_hbm, {4, 128, 8});
  const Result<Dynamic> along = view_ops::dynamic_along(t.tile(), 0);
  REQUIRE(along);
  CHECK(along->stride == 1024);
  CHECK(along->limit == 4);
  CHECK(!view_ops::dynamic_along(Tensor(Memory::sbuf, {4, 8}).tile(), 0));

  Dynamic dynamic = *along;
  dynamic.kind = Dynamic::Kind::scalar_register;
  View view = *view_ops::select(t.tile(), 0, 0);
  view.dynamic = t.tiles.add(dynamic);
  t.id = t.tiles.add(view);
  CHECK(!view_ops::dynamic_along(t.tile(), 0));
  CHECK(!view_ops::reinterpret(t.tile(), DType::int32));
  REQUIRE(t.set(view_ops::slice(t.tile(), 0, 0, 64)));
  CHECK(t.tile().dynamic == view.dynamic);

  dynamic.kind = Dynamic::Kind::vector_tile;
  view.dynamic = t.tiles.add(dynamic);
  t.id = t.tiles.add(view);
  CHECK(!view_ops::slice(t.tile(), 0, 0, 64));
  CHECK(!view_ops::permute(t.tile(), std::array<int64_t, 2>{1, 0}));
  CHECK(!view_ops::flatten_dims(t.tile(), 0, 1));
  CHECK(view_ops::slice(t.tile(), 1, 0, 4));
  CHECK(view_ops::index(t.tile(), std::array{all(), at(3)}));
}

TEST_CASE("contiguity is row-major, on-chip within a partition") {
  Tensor t(Memory::sbuf, {64, 4, 8});
  CHECK(view_ops::is_contiguous(t.tile()));
  CHECK(view_ops::shape_text(*t.tile().layout) == "(64, 4, 8)");
  REQUIRE(t.set(view_ops::slice(t.tile(), 1, 1, 3)));
  CHECK(view_ops::is_contiguous(t.tile()));
  REQUIRE(t.set(view_ops::slice(t.tile(), 2, 0, 4)));
  CHECK(!view_ops::is_contiguous(t.tile()));
  Tensor h(Memory::shared_hbm, {8});
  CHECK(view_ops::shape_text(*h.tile().layout) == "(8,)");
  Tensor rows(Memory::shared_hbm, {8, 4});
  REQUIRE(rows.set(view_ops::slice(rows.tile(), 0, 0, 8, 2)));
  CHECK(!view_ops::is_contiguous(rows.tile()));
}

namespace {

// What a view should be: the address of every element. Operations rearrange the addresses.
struct Oracle {
  Sizes shape;
  std::vector<int64_t> at;
  int64_t bytes;      // of one element
  int64_t row_bytes;  // alignment counts from here
  bool on_chip;

  int rank() const { return static_cast<int>(shape.size()); }
  int64_t size(int dim) const { return shape[static_cast<size_t>(dim)]; }

  static int64_t product(const Sizes& sizes) {
    return std::accumulate(sizes.begin(), sizes.end(), int64_t{1}, std::multiplies<>());
  }
  int64_t address(const Sizes& index) const {
    int64_t n = 0;
    for (size_t d = 0; d < shape.size(); ++d) n = n * shape[d] + index[d];
    return at[static_cast<size_t>(n)];
  }
  // A new array whose element at an index is the old one at old_index(index).
  Oracle remapped(const Sizes& sizes, const std::function<Sizes(const Sizes&)>& old_index) const {
    Oracle result{sizes, {}, bytes, row_bytes, on_chip};
    for (int64_t n = 0; n < product(sizes); ++n) {
      Sizes index(sizes.size());
      int64_t rest = n;
      for (size_t d = sizes.size(); d-- > 0; rest /= sizes[d]) index[d] = rest % sizes[d];
      result.at.push_back(address(old_index(index)));
    }
    return result;
  }
  Oracle relabelled(const Sizes& sizes) const { return {sizes, at, bytes, row_bytes, on_chip}; }

  // Whether the elements follow one another in memory, on-chip in each partition.
  bool is_contiguous() const {
    const int64_t in_a_row = on_chip ? std::ssize(at) / shape[0] : std::ssize(at);
    for (int64_t n = 1; n < std::ssize(at); ++n) {
      const int64_t step = at[static_cast<size_t>(n)] - at[static_cast<size_t>(n - 1)];
      if (n % in_a_row != 0 && step != bytes) return false;
    }
    return true;
  }

  // Whether some strides describe the addresses.
  bool is_strided() const {
    Sizes strides(shape.size(), 0), index(shape.size(), 0);
    for (size_t d = 0; d < shape.size(); ++d) {
      if (shape[d] == 1) continue;
      index[d] = 1;
      strides[d] = address(index) - at[0];
      index[d] = 0;
    }
    for (size_t n = 0; n < at.size(); ++n) {
      int64_t expected = at[0], rest = static_cast<int64_t>(n);
      for (size_t d = shape.size(); d-- > 0; rest /= shape[d]) {
        expected += rest % shape[d] * strides[d];
      }
      if (at[n] != expected) return false;
    }
    return true;
  }
};

using Outcome = std::optional<Oracle>;

class Chain {
 public:
  explicit Chain(uint32_t seed) : random_(seed) {}

  // Picks an operation, applies it to the tensor and the oracle, and compares.
  void step(Tensor& t, Oracle& oracle) {
    Outcome expected;
    const Result<View> got = apply(t.tile(), oracle, expected);
    CAPTURE(op_);
    CAPTURE(view_ops::shape_text(*t.tile().layout));
    REQUIRE(got.ok() == expected.has_value());
    if (!expected || expected->at.empty()) return;
    REQUIRE(t.set(got));
    oracle = *expected;
    REQUIRE(t.shape() == oracle.shape);
    REQUIRE(addresses(t.tile()) == oracle.at);
    REQUIRE(view_ops::is_contiguous(t.tile()) == oracle.is_contiguous());
  }

  int64_t pick(int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random_);
  }

 private:
  Result<View> apply(const Tile& tile, const Oracle& o, Outcome& expected) {
    constexpr std::array operations{&Chain::index,      &Chain::select,    &Chain::slice,
                                    &Chain::permute,    &Chain::broadcast, &Chain::expand,
                                    &Chain::squeeze,    &Chain::reshape,   &Chain::flatten_or_split,
                                    &Chain::reinterpret};
    return (this->*operations[static_cast<size_t>(pick(0, std::ssize(operations) - 1))])(tile, o,
                                                                                         expected);
  }

  Result<View> index(const Tile& tile, const Oracle& o, Outcome& expected) {
    op_ = "index";
    std::vector<Index> indices;
    Sizes kept, first(o.shape.size(), 0), steps(o.shape.size(), 1);
    std::vector<size_t> kept_dims;
    bool valid = true;
    const int given = static_cast<int>(pick(0, o.rank()));
    for (int d = 0; d < o.rank(); ++d) {
      const size_t i = static_cast<size_t>(d);
      if (d < given && pick(0, 2) == 0) {
        const int64_t at_index = pick(-o.size(d) - (pick(0, 20) == 0), o.size(d) - 1);
        indices.push_back(at(at_index));
        valid = valid && at_index >= -o.size(d);
        first[i] = at_index < 0 ? at_index + o.size(d) : at_index;
        if (!(o.on_chip && d == 0)) continue;
        kept.push_back(1);
      } else if (d < given) {
        const int64_t start = pick(0, o.size(d) - 1), step = pick(1, 3);
        const int64_t stop = pick(start + (pick(0, 20) != 0), o.size(d) + (pick(0, 20) == 0));
        const bool from_end = stop < o.size(d) && pick(0, 1) == 1;
        indices.push_back(range(start, from_end ? stop - o.size(d) : stop, step));
        valid = valid && start <= stop && stop <= o.size(d);
        first[i] = start;
        steps[i] = step;
        kept.push_back((stop - start + step - 1) / step);
      } else {
        if (d == given && pick(0, 1) == 1) indices.push_back(ellipsis());
        kept.push_back(o.size(d));
      }
      kept_dims.push_back(i);
    }
    if (valid) expected = picked(o, kept, kept_dims, first, steps);
    return view_ops::index(tile, indices);
  }

  static Oracle picked(const Oracle& o, Sizes kept, std::vector<size_t> kept_dims,
                       const Sizes& first, const Sizes& steps) {
    const size_t least = std::min<size_t>(o.on_chip ? 2 : 1, o.shape.size());
    const size_t dims = kept_dims.size();
    if (kept.size() < least) kept.push_back(1);
    return o.remapped(kept, [&](const Sizes& index) {
      Sizes old = first;
      for (size_t k = 0; k < dims; ++k) old[kept_dims[k]] += index[k] * steps[kept_dims[k]];
      return old;
    });
  }

  Result<View> select(const Tile& tile, const Oracle& o, Outcome& expected) {
    op_ = "select";
    const int dim = static_cast<int>(pick(0, o.rank() - 1));
    const int64_t i = pick(0, o.size(dim) - 1);
    Sizes kept, first(o.shape.size(), 0);
    std::vector<size_t> kept_dims;
    for (int d = 0; d < o.rank(); ++d) {
      if (d == dim) first[static_cast<size_t>(d)] = i;
      if (d == dim && !(o.on_chip && d == 0)) continue;
      kept.push_back(d == dim ? 1 : o.size(d));
      kept_dims.push_back(static_cast<size_t>(d));
    }
    expected = picked(o, kept, kept_dims, first, Sizes(o.shape.size(), 1));
    return view_ops::select(tile, dim, i);
  }

  Result<View> slice(const Tile& tile, const Oracle& o, Outcome& expected) {
    op_ = "slice";
    const int dim = static_cast<int>(pick(0, o.rank() - 1));
    const size_t i = static_cast<size_t>(dim);
    const int64_t start = pick(0, o.size(dim) - 1), step = pick(1, 3);
    const int64_t stop = pick(start + 1, o.size(dim));
    Sizes kept = o.shape, first(o.shape.size(), 0), steps(o.shape.size(), 1);
    kept[i] = (stop - start + step - 1) / step;
    first[i] = start;
    steps[i] = step;
    std::vector<size_t> kept_dims(o.shape.size());
    std::iota(kept_dims.begin(), kept_dims.end(), size_t{0});
    expected = picked(o, kept, kept_dims, first, steps);
    return view_ops::slice(tile, dim, start, stop, step);
  }

  Result<View> permute(const Tile& tile, const Oracle& o, Outcome& expected) {
    op_ = "permute";
    Sizes dims(o.shape.size());
    std::iota(dims.begin(), dims.end(), 0);
    std::shuffle(dims.begin() + (o.on_chip && pick(0, 4) != 0), dims.end(), random_);
    if (!o.on_chip || dims[0] == 0) {
      Sizes sizes;
      for (int64_t d : dims) sizes.push_back(o.shape[static_cast<size_t>(d)]);
      expected = o.remapped(sizes, [&](const Sizes& index) {
        Sizes old(index.size());
        for (size_t k = 0; k < dims.size(); ++k) old[static_cast<size_t>(dims[k])] = index[k];
        return old;
      });
    }
    return view_ops::permute(tile, dims);
  }

  Result<View> broadcast(const Tile& tile, const Oracle& o, Outcome& expected) {
    op_ = "broadcast";
    const int dim = static_cast<int>(pick(0, o.rank() - 1));
    const int64_t size = pick(1, 4);
    if (o.size(dim) == 1 && !(o.on_chip && dim == 0)) {
      Sizes sizes = o.shape;
      sizes[static_cast<size_t>(dim)] = size;
      expected = o.remapped(sizes, [&](Sizes index) {
        index[static_cast<size_t>(dim)] = 0;
        return index;
      });
    }
    return view_ops::broadcast(tile, dim, size);
  }

  Result<View> expand(const Tile& tile, const Oracle& o, Outcome& expected) {
    op_ = "expand_dim";
    const int dim = static_cast<int>(pick(0, o.rank()));
    if (!(o.on_chip && dim == 0) && o.rank() < max_rank) {
      Sizes sizes = o.shape;
      sizes.insert(sizes.begin() + dim, 1);
      expected = o.relabelled(sizes);
    }
    return view_ops::expand_dim(tile, dim);
  }

  Result<View> squeeze(const Tile& tile, const Oracle& o, Outcome& expected) {
    op_ = "squeeze_dim";
    const int dim = static_cast<int>(pick(0, o.rank() - 1));
    if (o.size(dim) == 1 && !(o.on_chip && dim == 0)) {
      Sizes sizes = o.shape;
      if (o.rank() > (o.on_chip ? 2 : 1)) sizes.erase(sizes.begin() + dim);
      expected = o.relabelled(sizes);
    }
    return view_ops::squeeze_dim(tile, dim);
  }

  // Random sizes with this product.
  Sizes factors(int64_t product) {
    Sizes sizes;
    while (product > 1 || sizes.empty() || pick(0, 5) == 0) {
      int64_t size = pick(1, product);
      while (product % size != 0) ++size;
      sizes.push_back(size);
      product /= size;
    }
    return sizes;
  }

  Result<View> reshape(const Tile& tile, const Oracle& o, Outcome& expected) {
    op_ = "reshape";
    const bool keep = o.on_chip && pick(0, 8) != 0;
    Sizes sizes = factors(Oracle::product(o.shape) / (keep ? o.size(0) : 1));
    if (keep) sizes.insert(sizes.begin(), o.size(0));
    const Oracle relabelled = o.relabelled(sizes);
    if (static_cast<int>(sizes.size()) <= max_rank && (!o.on_chip || sizes[0] == o.size(0)) &&
        (!o.on_chip || sizes.size() >= 2) && relabelled.is_strided()) {
      expected = relabelled;
    }
    if (pick(0, 2) == 0) sizes[static_cast<size_t>(pick(0, std::ssize(sizes) - 1))] = -1;
    return view_ops::reshape(tile, sizes);
  }

  Result<View> flatten_or_split(const Tile& tile, const Oracle& o, Outcome& expected) {
    const int first = static_cast<int>(pick(0, o.rank() - 1));
    Sizes sizes = o.shape;
    if (pick(0, 1) == 1) {
      op_ = "flatten_dims";
      const int last = static_cast<int>(pick(first, o.rank() - 1));
      for (int d = last; d > first; --d) {
        sizes[static_cast<size_t>(d - 1)] *= sizes[static_cast<size_t>(d)];
        sizes.erase(sizes.begin() + d);
      }
      const Oracle merged = o.relabelled(sizes);
      if (!(o.on_chip && first == 0 && last > 0) && merged.is_strided()) expected = merged;
      return view_ops::flatten_dims(tile, first, last);
    }
    op_ = "reshape_dim";
    const Sizes parts = factors(o.size(first));
    sizes.erase(sizes.begin() + first);
    sizes.insert(sizes.begin() + first, parts.begin(), parts.end());
    if (!(o.on_chip && first == 0 && parts.size() > 1) && sizes.size() <= max_rank) {
      expected = o.relabelled(sizes);
    }
    return view_ops::reshape_dim(tile, first, parts);
  }

  Result<View> reinterpret(const Tile& tile, const Oracle& o, Outcome& expected) {
    op_ = "reinterpret";
    constexpr std::array types{DType::uint8, DType::float16, DType::float32};
    const DType dtype = types[static_cast<size_t>(pick(0, 2))];
    const int64_t to = size_bytes(dtype), last = o.shape.back();
    bool fits = last * o.bytes % to == 0 || to == o.bytes;
    const bool contiguous = last == 1 || o.at[1] - o.at[0] == o.bytes;
    Oracle result{o.shape, {}, to, o.row_bytes, o.on_chip};
    result.shape.back() = last * o.bytes / to;
    for (size_t n = 0; fits && n < o.at.size(); ++n) {
      const int64_t byte = static_cast<int64_t>(n) % last * o.bytes;
      if (to > o.bytes && byte % to != 0) continue;
      if (o.at[n] % o.row_bytes % to != 0 && to > o.bytes) fits = false;
      for (int64_t b = 0; b < std::max(o.bytes / to, int64_t{1}); ++b) {
        result.at.push_back(o.at[n] + b * to);
      }
    }
    if (fits && (contiguous || to == o.bytes)) expected = result;
    return view_ops::reinterpret(tile, dtype);
  }

  std::mt19937 random_;
  std::string op_;
};

}  // namespace

TEST_CASE("random chains of operations move the same elements as an array of addresses") {
  const uint32_t seed = std::random_device{}();
  CAPTURE(seed);
  Chain chain(seed);
  for (int n = 0; n < 3000; ++n) {
    CAPTURE(n);
    constexpr std::array memories{Memory::sbuf, Memory::psum, Memory::shared_hbm};
    constexpr std::array types{DType::uint8, DType::float16, DType::float32};
    const Memory memory = memories[static_cast<size_t>(chain.pick(0, 2))];
    Sizes shape;
    for (int64_t rank = chain.pick(is_on_chip(memory) ? 2 : 1, 4); rank > 0; --rank) {
      shape.push_back(chain.pick(1, 6));
    }
    Tensor t(memory, shape, types[static_cast<size_t>(chain.pick(0, 2))]);
    const Tile tile = t.tile();
    Oracle oracle{shape, {}, size_bytes(tile.dtype()), tile.storage->row_bytes(), tile.on_chip()};
    for (int64_t i = 0; i < tile.elements(); ++i) oracle.at.push_back(i * oracle.bytes);
    for (int step = 0; step < 8 && Oracle::product(oracle.shape) < 3000; ++step) {
      chain.step(t, oracle);
    }
  }
}

}  // namespace kiln
