// Access patterns against their definition: the elements of a flat storage, one by one.
#include "kiln/tile/view_ops.h"

#include <doctest/doctest.h>

#include <random>

namespace kiln {

namespace {

struct Tensor {
  Tiles tiles;
  ViewId id;

  Tensor(Memory memory, std::initializer_list<int64_t> shape, DType dtype = DType::float32) {
    Storage storage{.name = "t", .memory = memory, .dtype = dtype};
    for (int64_t size : shape) storage.shape[storage.rank++] = size;
    id = tiles.whole(tiles.add(storage));
  }
  Tile tile() const { return tiles.tile(id); }
  void set(const Result<View>& view) {
    REQUIRE(view.ok());
    id = tiles.add(*view);
  }
  Result<View> ap(const std::vector<Step>& pattern, std::optional<int64_t> offset = {},
                  std::optional<DType> dtype = {}) const {
    return view_ops::access_pattern(tile(), pattern, offset, dtype);
  }
  std::string error(const std::vector<Step>& pattern, std::optional<int64_t> offset = {}) const {
    const Result<View> view = ap(pattern, offset);
    return view ? "" : view.error().message;
  }
};

// The elements of the flat storage that a view reads, in row-major order.
std::vector<int64_t> elements(const Storage& storage, const View& view) {
  const Layout& layout = view.layout;
  const int64_t row = storage.row_bytes() / size_bytes(layout.dtype);
  std::vector<int64_t> result;
  for (int64_t n = 0; n < layout.elements(); ++n) {
    int64_t partition = view.partition, element = view.offset, rest = n;
    for (int d = layout.rank - 1; d >= 0; --d) {
      (storage.on_chip() && d == 0 ? partition : element) +=
          rest % layout.shape[d] * layout.stride[d];
      rest /= layout.shape[d];
    }
    result.push_back(partition * row + element);
  }
  return result;
}

// The same by the definition: offset plus steps times indices.
std::vector<int64_t> elements(const std::vector<Step>& pattern, int64_t offset) {
  std::vector<int64_t> result{offset};
  for (const Step& step : pattern) {
    std::vector<int64_t> wider;
    for (int64_t start : result) {
      for (int64_t i = 0; i < step.count; ++i) wider.push_back(start + i * step.step);
    }
    result = wider;
  }
  return result;
}

}  // namespace

TEST_CASE("an on-chip pattern addresses the storage, whatever the view") {
  Tensor t(Memory::sbuf, {16, 4, 8});
  t.set(view_ops::slice(t.tile(), 2, 0, 8, 2));
  const Result<View> view = t.ap({{32, 8}, {1, 8}}, 8 * 32 + 8);
  REQUIRE(view);
  CHECK(view->partition == 8);
  CHECK(view->offset == 8);
  CHECK(view->layout.rank == 2);
  CHECK(view->layout.stride[0] == 1);
  CHECK(view->layout.stride[1] == 1);
}

TEST_CASE("without an offset a pattern starts where the view does") {
  Tensor t(Memory::sbuf, {16, 32});
  t.set(view_ops::index(
      t.tile(), std::array{Index{Index::Kind::range, 4, 8}, Index{Index::Kind::range, 16, 32}}));
  const Result<View> kept = t.ap({{32, 4}, {1, 8}});
  REQUIRE(kept);
  CHECK(kept->partition == 4);
  CHECK(kept->offset == 16);
  const Result<View> absolute = t.ap({{32, 4}, {1, 8}}, 0);
  REQUIRE(absolute);
  CHECK(absolute->partition == 0);
  CHECK(absolute->offset == 0);
}

TEST_CASE("the row of a narrower view makes the view a tensor of its own") {
  Tensor t(Memory::sbuf, {16, 32});
  t.set(view_ops::index(
      t.tile(), std::array{Index{Index::Kind::range, 4, 12}, Index{Index::Kind::range, 16, 32}}));
  const Result<View> view = t.ap({{16, 8}, {1, 16}}, 0);
  REQUIRE(view);
  CHECK(view->partition == 4);
  CHECK(view->offset == 16);
  const Result<View> moved = t.ap({{16, 6}, {2, 3}}, 2 * 16 + 3);
  REQUIRE(moved);
  CHECK(moved->partition == 6);
  CHECK(moved->offset == 19);
  CHECK(moved->layout.stride[1] == 2);
  CHECK(t.error({{16, 13}, {1, 1}}, 0) == "the pattern reaches partition 16; 't' has 16");
}

TEST_CASE("a view's own steps scale a pattern of its elements") {
  Tensor t(Memory::sbuf, {16, 32});
  t.set(view_ops::slice(t.tile(), 1, 1, 32, 4));  // 8 elements at step 4
  const Result<View> view = t.ap({{8, 16}, {2, 3}}, 1);
  REQUIRE(view);
  CHECK(view->offset == 5);
  CHECK(view->layout.stride[1] == 8);
  // Other dtypes have no place between the elements.
  CHECK(!t.ap({{16, 16}, {1, 16}}, 0, DType::float16));
}

TEST_CASE("dtype counts everything in elements of its own") {
  Tensor t(Memory::sbuf, {16, 32});
  const Result<View> view = t.ap({{64, 16}, {1, 64}}, 0, DType::bfloat16);
  REQUIRE(view);
  CHECK(view->layout.dtype == DType::bfloat16);
  t.set(view_ops::slice(t.tile(), 1, 8, 16));
  const Result<View> kept = t.ap({{64, 16}, {1, 4}}, {}, DType::bfloat16);
  REQUIRE(kept);
  CHECK(kept->offset == 16);
  Tensor bytes(Memory::shared_hbm, {64}, DType::uint8);
  bytes.set(view_ops::slice(bytes.tile(), 0, 2, 64));
  CHECK(!bytes.ap({{1, 4}}, {}, DType::float32));
  CHECK(bytes.ap({{1, 16}}, 0, DType::float32));
  CHECK(!bytes.ap({{1, 17}}, 0, DType::float32));
}

TEST_CASE("patterns that leave the storage or its rows are errors") {
  const Tensor t(Memory::sbuf, {16, 32});
  CHECK(t.error({{64, 8}, {1, 32}}, 0) ==
        "the first step is 64; on-chip it is the row of 't', 32 elements of float32");
  CHECK(t.error({{32, 17}, {1, 32}}) == "the pattern reaches partition 16; 't' has 16");
  CHECK(t.error({{32, 8}, {2, 17}}) ==
        "the pattern reaches from element 0 to 32 of a row; 't' has 32 of float32 in a row");
  CHECK(t.error({{32, 8}, {-1, 4}}, 2) ==
        "the pattern reaches from element -1 to 2 of a row; 't' has 32 of float32 in a row");
  CHECK(t.error({{32, 8}, {1, 0}}) ==
        "dimension 1 has 0 elements at step 1; it has 1 to 1099511627776");
  CHECK(t.error({}) == "the pattern has 0 dimensions; 1 to 8 are possible");
  CHECK(t.error({{32, 8}}, -1) == "the offset is -1; it is 0 to 1099511627776");
  CHECK(!t.ap({{32, 8}, {int64_t{1} << 40, int64_t{1} << 40}}));
  const Tensor h(Memory::shared_hbm, {4, 8});
  CHECK(h.error({{8, 4}, {1, 9}}) ==
        "the pattern reaches from element 0 to 32; 't' has 32 of float32");
}

TEST_CASE("an on-chip pattern of partitions alone keeps a free dimension") {
  const Tensor t(Memory::sbuf, {16, 32});
  const Result<View> view = t.ap({{32, 16}}, 5);
  REQUIRE(view);
  CHECK(view->layout.rank == 2);
  CHECK(view->layout.shape[1] == 1);
  CHECK(view->offset == 5);
}

TEST_CASE("a view with a runtime index takes no pattern") {
  Tensor t(Memory::shared_hbm, {4, 8});
  View view = *view_ops::select(t.tile(), 0, 0);
  view.dynamic = t.tiles.add(*view_ops::dynamic_along(t.tile(), 0));
  t.id = t.tiles.add(view);
  CHECK(t.error({{1, 8}}) == "the view has a runtime index, which a pattern would lose");
}

TEST_CASE("pattern and storage_offset give back the view") {
  Tensor t(Memory::psum, {16, 4, 8}, DType::float16);
  t.set(view_ops::index(t.tile(),
                        std::array{Index{Index::Kind::range, 4, 8}, Index{Index::Kind::range, 1, 4},
                                   Index{Index::Kind::range, 2, 8, 3}}));
  const std::vector<Step> pattern = view_ops::pattern(t.tile());
  CHECK(pattern[0].step == 32);
  CHECK(pattern[0].count == 4);
  CHECK(pattern[2].step == 3);
  CHECK(view_ops::storage_offset(t.tile()) == 4 * 32 + 8 + 2);
  const Result<View> again = t.ap(pattern, view_ops::storage_offset(t.tile()));
  REQUIRE(again);
  CHECK(*again == t.tile().view());
  CHECK(*t.ap(pattern) == t.tile().view());
}

TEST_CASE("random patterns read what their definition says, or are errors") {
  const uint32_t seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  const auto pick = [&](int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random);
  };
  int accepted = 0;
  for (int n = 0; n < 5000; ++n) {
    const bool on_chip = pick(0, 1) == 1;
    const Tensor t(on_chip ? Memory::sbuf : Memory::shared_hbm, {6, 4, 4}, DType::float16);
    constexpr std::array types{DType::uint8, DType::float16, DType::float32};
    const DType dtype = types[static_cast<size_t>(pick(0, 2))];
    const int64_t row = 32 / size_bytes(dtype), all = 6 * row;
    std::vector<Step> pattern;
    if (on_chip) pattern.push_back({row, pick(1, 7)});
    for (int64_t d = pick(1, 3); d > 0; --d) pattern.push_back({pick(-3, row / 2), pick(1, 5)});
    const int64_t offset = pick(0, all);
    CAPTURE(n);

    const std::vector<int64_t> expected = elements(pattern, offset);
    bool inside = true;
    for (size_t i = 0; i < expected.size(); ++i) {
      if (expected[i] < 0 || expected[i] >= all) inside = false;
      // On-chip, no element leaves the row that its partition starts in.
      const int64_t p = static_cast<int64_t>(i) * pattern[0].count / std::ssize(expected);
      const int64_t start = offset / row * row + p * row;
      if (on_chip && (expected[i] < start || expected[i] >= start + row)) inside = false;
    }
    const Result<View> view = t.ap(pattern, offset, dtype);
    REQUIRE(view.ok() == inside);
    if (!inside) continue;
    ++accepted;
    REQUIRE(elements(*t.tile().storage, *view) == expected);
  }
  CHECK(accepted > 200);
}

TEST_CASE("a dimension of one element has the limit of one with its stride") {
  Tensor t(Memory::shared_hbm, {4, 8, 1, 16, 1});
  const auto limit = [&](int dim) { return view_ops::dynamic_along(t.tile(), dim)->limit; };
  CHECK(limit(0) == 4);
  CHECK(limit(1) == 8);
  CHECK(limit(2) == 8);
  CHECK(limit(3) == 16);
  CHECK(limit(4) == 16);
  t.set(view_ops::slice(t.tile(), 1, 2, 3));
  CHECK(limit(2) == 1);
}

}  // namespace kiln
