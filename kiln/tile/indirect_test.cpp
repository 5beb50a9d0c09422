// view_ops::indirect: the shape and the runtime index of a view with tensor indirection, and what
// can be done with such a view.
#include <doctest/doctest.h>

#include <array>

#include "kiln/tile/view_ops.h"

namespace kiln {

namespace {

struct Tensors {
  Tiles tiles;

  ViewId add(Memory memory, DType dtype, std::initializer_list<int64_t> shape) {
    Storage storage{.name = "t", .memory = memory, .dtype = dtype};
    for (int64_t size : shape) storage.shape[storage.rank++] = size;
    return tiles.whole(tiles.add(std::move(storage)));
  }
  ViewId index(std::initializer_list<int64_t> shape) {
    return add(Memory::sbuf, DType::uint16, shape);
  }
  Result<view_ops::Indirection> made(ViewId data, ViewId index,
                                     std::optional<int64_t> count = {}) const {
    return view_ops::indirect(tiles.tile(data), index, tiles.tile(index), count);
  }
  ViewId indirect(ViewId data, ViewId index) {
    const Result<view_ops::Indirection> found = made(data, index);
    REQUIRE(found.ok());
    View view = found->view;
    view.dynamic = tiles.add(found->dynamic);
    return tiles.add(view);
  }
  std::string error(ViewId data, ViewId index, std::optional<int64_t> count = {}) const {
    const Result<view_ops::Indirection> found = made(data, index, count);
    return found.ok() ? "" : found.error().message;
  }
};

}  // namespace

TEST_CASE("an indirect view has as many columns as there are offsets") {
  Tensors t;
  const ViewId data = t.add(Memory::psum, DType::float32, {16, 4, 8}), index = t.index({16, 3});
  const Result<view_ops::Indirection> all = t.made(data, index), some = t.made(data, index, 5);
  REQUIRE(all.ok());
  CHECK(view_ops::shape_text(all->view.layout) == "(16, 48)");
  CHECK(all->dynamic.kind == Dynamic::Kind::indirect_tile);
  CHECK(all->dynamic.index == index);
  CHECK(all->dynamic.stride == 1);
  CHECK(all->dynamic.limit == 32);
  REQUIRE(some.ok());
  CHECK(view_ops::shape_text(some->view.layout) == "(16, 5)");
}

TEST_CASE("offsets count the elements of the view, not of its storage") {
  Tensors t;
  const ViewId whole = t.add(Memory::sbuf, DType::float32, {16, 32});
  const Result<View> every_second = view_ops::slice(t.tiles.tile(whole), 1, 4, 20, 2);
  REQUIRE(every_second.ok());
  const Result<view_ops::Indirection> made = t.made(t.tiles.add(*every_second), t.index({16, 1}));
  REQUIRE(made.ok());
  CHECK(made->view.offset == 4);
  CHECK(made->dynamic.stride == 2);
  CHECK(made->dynamic.limit == 8);
}

TEST_CASE("what cannot be indirect") {
  Tensors t;
  const ViewId data = t.add(Memory::sbuf, DType::float32, {16, 4, 8}), index = t.index({16, 2});
  CHECK(t.error(data, index) == "");
  CHECK(t.error(t.add(Memory::private_hbm, DType::float32, {16, 8}), index) ==
        "indirect() is for tensors in sbuf and psum");
  CHECK(t.error(data, t.index({32, 1})) == "the index has 32 partitions, the tensor 16");
  CHECK(t.error(data, t.add(Memory::psum, DType::uint16, {16, 1})) ==
        "the index is in psum; it must be in sbuf");
  CHECK(t.error(data, index, 0) == "num_elem is 0; the index has 32 elements");
  CHECK(t.error(data, index, 33) == "num_elem is 33; the index has 32 elements");
  CHECK(t.error(t.indirect(data, index), index) ==
        "the view already has a runtime index; one is the limit");
  const ViewId moved =
      t.tiles.add(*view_ops::permute(t.tiles.tile(data), std::array<int64_t, 3>{0, 2, 1}));
  CHECK(t.error(moved, index).find("without moving data") != std::string::npos);
}

TEST_CASE("of an indirect view only the shape can change") {
  Tensors t;
  const ViewId view = t.indirect(t.add(Memory::sbuf, DType::float32, {16, 64}), t.index({16, 3}));
  const Tile tile = t.tiles.tile(view);
  CHECK(tile.indirect);
  const Result<View> folded = view_ops::reshape_dim(tile, 1, std::array<int64_t, 2>{6, 8});
  REQUIRE(folded.ok());
  CHECK(view_ops::shape_text(folded->layout) == "(16, 6, 8)");
  CHECK(folded->dynamic == tile.dynamic);
  CHECK(view_ops::expand_dim(tile, 1).ok());
  CHECK(view_ops::flatten_dims(tile, 1, 1).ok());
  const std::array<Index, 2> whole{}, part{Index{}, Index{.start = 0, .stop = 8}};
  CHECK_FALSE(view_ops::index(tile, part).ok());
  CHECK(view_ops::index(tile, std::array{Index{.kind = Index::Kind::ellipsis}}).ok());
  CHECK(view_ops::index(tile, whole).ok());
  CHECK_FALSE(view_ops::slice(tile, 0, 0, 8).ok());
  CHECK_FALSE(view_ops::select(tile, 1, 0).ok());
  CHECK_FALSE(view_ops::permute(tile, std::array<int64_t, 2>{0, 1}).ok());
  CHECK_FALSE(view_ops::reinterpret(tile, DType::int32).ok());
  CHECK_FALSE(view_ops::access_pattern(tile, std::array{Step{64, 16}, Step{1, 4}}, {}, {}).ok());
  CHECK_FALSE(view_ops::dynamic_along(tile, 1).ok());
  const ViewId one = t.indirect(t.add(Memory::sbuf, DType::float32, {1, 64}), t.index({1, 1}));
  CHECK_FALSE(view_ops::broadcast(t.tiles.tile(one), 1, 4).ok());
}

}  // namespace kiln
