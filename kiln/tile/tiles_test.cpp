#include "kiln/tile/tiles.h"

#include <doctest/doctest.h>

namespace kiln {

namespace {

Storage make(Memory memory, DType dtype, std::initializer_list<int64_t> shape) {
  Storage storage{.name = "t", .memory = memory, .dtype = dtype};
  for (int64_t size : shape) storage.shape[storage.rank++] = size;
  return storage;
}

}  // namespace

TEST_CASE("a storage has rows: one for each partition, or one in hbm") {
  const Storage on_chip = make(Memory::psum, DType::bfloat16, {64, 4, 8});
  CHECK(on_chip.elements() == 2048);
  CHECK(on_chip.partitions() == 64);
  CHECK(on_chip.row_elements() == 32);
  CHECK(on_chip.row_bytes() == 64);
  const Storage hbm = make(Memory::private_hbm, DType::bfloat16, {64, 4, 8});
  CHECK(hbm.partitions() == 1);
  CHECK(hbm.row_bytes() == 4096);
}

TEST_CASE("the whole view counts partitions on-chip and elements in hbm") {
  Tiles tiles;
  const Tile on_chip =
      tiles.tile(tiles.whole(tiles.add(make(Memory::sbuf, DType::float32, {64, 4, 8}))));
  CHECK(on_chip.layout->stride[0] == 1);
  CHECK(on_chip.layout->stride[1] == 8);
  CHECK(on_chip.layout->stride[2] == 1);
  CHECK(on_chip.partitions() == 64);
  CHECK(on_chip.free_elements() == 32);
  const Tile hbm =
      tiles.tile(tiles.whole(tiles.add(make(Memory::shared_hbm, DType::float32, {64, 4, 8}))));
  CHECK(hbm.layout->stride[0] == 32);
  CHECK(hbm.partitions() == 1);
  CHECK(hbm.free_elements() == 2048);
  CHECK(tiles.storage_count() == 2);
  CHECK(tiles.view_count() == 2);
}

TEST_CASE("a view comes back as it was added") {
  Tiles tiles;
  const StorageId id = tiles.add(make(Memory::sbuf, DType::float32, {64, 32}));
  View view = tiles.view(tiles.whole(id));
  view.partition = 32;
  view.offset = 3;
  view.layout.shape[0] = 16;
  view.layout.stride[1] = 2;
  view.layout.shape[1] = 8;
  const ViewId added = tiles.add(view);
  CHECK(tiles.view(added) == view);
  CHECK(tiles.storage_of(added) == id);
  CHECK(!tiles.tile(added).vector_index);

  view.dynamic = tiles.add(Dynamic{.kind = Dynamic::Kind::vector_tile, .stride = 4, .limit = 9});
  const ViewId dynamic = tiles.add(view);
  CHECK(tiles.view(dynamic) == view);
  CHECK(tiles.tile(dynamic).vector_index);
  CHECK(tiles.dynamic(view.dynamic).limit == 9);
}

TEST_CASE("views of one layout share it") {
  Tiles tiles;
  const StorageId id = tiles.add(make(Memory::sbuf, DType::float32, {64, 32}));
  View view = tiles.view(tiles.whole(id));
  const Layout* whole = tiles.tile(tiles.whole(id)).layout;
  view.offset = 5;
  CHECK(tiles.tile(tiles.add(view)).layout == whole);
  view.layout.shape[1] = 8;
  const Layout* other = tiles.tile(tiles.add(view)).layout;
  CHECK(other != whole);
  view.layout.shape[1] = 32;
  CHECK(tiles.tile(tiles.add(view)).layout == whole);
  view.layout.shape[1] = 8;
  CHECK(tiles.tile(tiles.add(view)).layout == other);
}

TEST_CASE("layouts stay where they are while views are added") {
  Tiles tiles;
  const StorageId id = tiles.add(make(Memory::sbuf, DType::float32, {64, 512}));
  const Layout* whole = tiles.tile(tiles.whole(id)).layout;
  View view = tiles.view(tiles.whole(id));
  std::vector<ViewId> ids;
  for (int64_t size = 1; size < 512; ++size) {
    view.layout.shape[1] = size;
    ids.push_back(tiles.add(view));
  }
  CHECK(tiles.tile(tiles.whole(id)).layout == whole);
  for (size_t i = 0; i < ids.size(); ++i) {
    CHECK(tiles.tile(ids[i]).shape(1) == static_cast<int64_t>(i) + 1);
  }
}

TEST_CASE("a region is the box of partitions and bytes a view can touch") {
  Tiles tiles;
  const StorageId id = tiles.add(make(Memory::sbuf, DType::bfloat16, {64, 32}));
  CHECK(region(tiles.tile(tiles.whole(id))) == Region{0, 64, 0, 64});

  View view = tiles.view(tiles.whole(id));
  view.partition = 32;
  view.offset = 4;
  view.layout.shape[0] = 8;
  view.layout.stride[0] = 2;
  view.layout.shape[1] = 3;
  view.layout.stride[1] = 5;
  CHECK(region(tiles.tile(tiles.add(view))) == Region{32, 47, 8, 30});
  view.layout.stride[1] = -2;
  CHECK(region(tiles.tile(tiles.add(view))) == Region{32, 47, 0, 10});
  view.dynamic = tiles.add(Dynamic{.stride = 1, .limit = 8});
  CHECK(region(tiles.tile(tiles.add(view))) == Region{32, 47, 0, 64});

  const StorageId hbm = tiles.add(make(Memory::shared_hbm, DType::float32, {4, 8}));
  CHECK(region(tiles.tile(tiles.whole(hbm))) == Region{0, 1, 0, 128});
}

TEST_CASE("regions overlap where they share a byte of a partition") {
  const Region r{0, 32, 0, 64};
  CHECK(r.overlaps({31, 64, 63, 128}));
  CHECK(!r.overlaps({32, 64, 0, 64}));
  CHECK(!r.overlaps({0, 32, 64, 128}));
}

}  // namespace kiln
