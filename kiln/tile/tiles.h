// Tiles: a program's tables of storages and views, and of the lists that instructions name. An
// instruction holds ViewIds; a Tile is what an id resolves to.
#pragma once

#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "kiln/base/chunked_vector.h"
#include "kiln/base/list_table.h"
#include "kiln/tile/storage.h"
#include "kiln/tile/view.h"

namespace kiln {

// A view, looked up: cheap to copy, valid while its Tiles lives.
struct Tile {
  const Storage* storage;
  const Layout* layout;
  StorageId storage_id;
  int32_t partition;
  int64_t offset;
  DynamicId dynamic;
  bool vector_index = false;  // the dynamic part differs from row to row of dimension 0
  bool indirect = false;      // each element of a partition is where an index says

  // Runtime indices, more than one, which only instructions can follow.
  bool has_indices() const { return vector_index || indirect; }
  Memory memory() const { return storage->memory; }
  bool on_chip() const { return storage->on_chip(); }
  bool in_psum() const { return storage->memory == Memory::psum; }
  bool in_sbuf() const { return storage->memory == Memory::sbuf; }
  DType dtype() const { return layout->dtype; }
  int rank() const { return layout->rank; }
  int64_t shape(int i) const { return layout->shape[i]; }
  int64_t elements() const { return layout->elements(); }
  int64_t partitions() const { return on_chip() ? layout->shape[0] : 1; }
  int64_t free_elements() const { return on_chip() ? layout->free_elements() : elements(); }
  View view() const { return {storage_id, partition, offset, dynamic, *layout}; }
};

// The elements a view can touch, as a box of partitions and bytes of their rows. Exact in the
// partitions; in the bytes it is the range from the first to the last.
struct Region {
  int64_t first_partition = 0, end_partition = 0;
  int64_t first_byte = 0, end_byte = 0;

  bool overlaps(const Region& o) const {
    return first_partition < o.end_partition && o.first_partition < end_partition &&
           first_byte < o.end_byte && o.first_byte < end_byte;
  }
  bool covers(const Region& o) const {
    return first_partition <= o.first_partition && end_partition >= o.end_partition &&
           first_byte <= o.first_byte && end_byte >= o.end_byte;
  }
  friend bool operator==(const Region&, const Region&) = default;
};

// Groups of ranks, one list each.
using RankLists = std::vector<std::vector<int32_t>>;

class Tiles {
 public:
  StorageId add(Storage storage);
  ViewId add(const View& view);
  DynamicId add(const Dynamic& dynamic);
  ViewListId add_list(std::span<const ViewId> views) { return view_lists_.add(views); }
  NumberListId add_list(std::span<const float> numbers) { return number_lists_.add(numbers); }
  RankGroupsId add(RankLists groups) {
    rank_groups_.push_back(std::move(groups));
    return {static_cast<uint32_t>(rank_groups_.size() - 1)};
  }

  // Takes over the lists of another table, with their ids.
  void copy_lists(const Tiles& from) {
    view_lists_ = from.view_lists_;
    number_lists_ = from.number_lists_;
    rank_groups_ = from.rank_groups_;
  }

  // The view of a whole storage. On-chip: [partitions, free dimensions…].
  ViewId whole(StorageId id) const { return whole_[id.value]; }

  const Storage& storage(StorageId id) const { return storages_[id.value]; }
  const Dynamic& dynamic(DynamicId id) const { return dynamics_[id.value]; }
  std::span<const ViewId> list(ViewListId id) const { return view_lists_[id]; }
  std::span<const float> list(NumberListId id) const { return number_lists_[id]; }
  Tile tile(ViewId id) const {
    const Packed& p = views_[id.value];
    Tile tile{&storages_[p.storage.value],
              &layouts_[p.layout],
              p.storage,
              p.partition,
              p.offset,
              p.dynamic};
    if (p.dynamic.valid()) {
      const Dynamic::Kind kind = dynamic(p.dynamic).kind;
      tile.vector_index = kind == Dynamic::Kind::vector_tile;
      tile.indirect = kind == Dynamic::Kind::indirect_tile;
    }
    return tile;
  }
  View view(ViewId id) const { return tile(id).view(); }
  StorageId storage_of(ViewId id) const { return views_[id.value].storage; }

  const RankLists& rank_groups(RankGroupsId id) const { return rank_groups_[id.value]; }

  size_t storage_count() const { return storages_.size(); }
  size_t view_count() const { return views_.size(); }
  size_t dynamic_count() const { return dynamics_.size(); }
  // Whether any view may be one with tensor indirection.
  bool has_indirection() const { return has_indirection_; }

 private:
  // Most views of a program share a few layouts, which are stored once.
  struct Packed {
    StorageId storage;
    uint32_t layout;
    int64_t offset;
    int32_t partition;
    DynamicId dynamic;
  };
  static_assert(sizeof(Packed) == 24);

  uint32_t intern(const Layout& layout);

  ChunkedVector<Storage> storages_;
  ChunkedVector<ViewId> whole_;
  ChunkedVector<Packed> views_;
  ChunkedVector<Layout> layouts_;
  std::unordered_multimap<size_t, uint32_t> layout_index_;
  uint32_t last_layout_ = 0;
  std::vector<Dynamic> dynamics_;
  bool has_indirection_ = false;
  ListTable<ViewId, ViewListId> view_lists_;
  ListTable<float, NumberListId> number_lists_;
  std::vector<RankLists> rank_groups_;
};

// The view of a whole storage.
View whole_view(StorageId id, const Storage& storage);

// Dynamic parts are taken at their largest reach: the whole row.
Region region(const Tile& tile);

}  // namespace kiln
