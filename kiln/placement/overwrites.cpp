#include "kiln/placement/overwrites.h"

#include <tuple>
#include <unordered_set>

#include "kiln/placement/tile_uses.h"

namespace kiln {

namespace {

constexpr size_t overwrites_max = 300;
// Pieces of a cell that are followed; with more, the oldest is forgotten.
constexpr size_t pieces_max = 64;
// Bodies of loops inside so many others are followed once; else twice, so that the end of an
// iteration meets the beginning of the next.
constexpr int twice_depth_max = 3;

// Partitions and bytes of the memory.
struct Box {
  int64_t first_partition, end_partition, first_byte, end_byte;

  bool empty() const { return first_partition >= end_partition || first_byte >= end_byte; }
  Box common(const Box& o) const {
    return {std::max(first_partition, o.first_partition), std::min(end_partition, o.end_partition),
            std::max(first_byte, o.first_byte), std::min(end_byte, o.end_byte)};
  }
  bool overlaps(const Box& o) const { return !common(o).empty(); }
  bool contains(const Box& o) const {
    return first_partition <= o.first_partition && o.end_partition <= end_partition &&
           first_byte <= o.first_byte && o.end_byte <= end_byte;
  }
  friend bool operator==(const Box&, const Box&) = default;
};

struct Piece {
  Box box;
  uint32_t storage;  // who wrote it last
  uint32_t written;
};

// What is left of the piece without the box, appended.
void add_rest(const Piece& piece, const Box& box, std::vector<Piece>& to) {
  const Box& p = piece.box;
  const Box c = p.common(box);
  const Box rests[] = {
      {p.first_partition, c.first_partition, p.first_byte, p.end_byte},
      {c.end_partition, p.end_partition, p.first_byte, p.end_byte},
      {c.first_partition, c.end_partition, p.first_byte, c.first_byte},
      {c.first_partition, c.end_partition, c.end_byte, p.end_byte},
  };
  for (const Box& rest : rests) {
    if (!rest.empty()) to.push_back({rest, piece.storage, piece.written});
  }
}

void remove(std::vector<Piece>& pieces, const Box& box) {
  std::vector<Piece> rest;
  for (const Piece& piece : pieces) {
    if (piece.box.overlaps(box)) {
      add_rest(piece, box, rest);
    } else {
      rest.push_back(piece);
    }
  }
  pieces = std::move(rest);
}

// Makes one of two pieces that touch along a whole side.
bool join(Piece& a, const Piece& b) {
  if (a.storage != b.storage) return false;
  const bool same_partitions =
      a.box.first_partition == b.box.first_partition && a.box.end_partition == b.box.end_partition;
  const bool same_bytes = a.box.first_byte == b.box.first_byte && a.box.end_byte == b.box.end_byte;
  if (same_partitions && a.box.end_byte == b.box.first_byte) {
    a.box.end_byte = b.box.end_byte;
  } else if (same_partitions && b.box.end_byte == a.box.first_byte) {
    a.box.first_byte = b.box.first_byte;
  } else if (same_bytes && a.box.end_partition == b.box.first_partition) {
    a.box.end_partition = b.box.end_partition;
  } else if (same_bytes && b.box.end_partition == a.box.first_partition) {
    a.box.first_partition = b.box.first_partition;
  } else {
    return false;
  }
  a.written = std::max(a.written, b.written);
  return true;
}

// One memory.
class Search {
 public:
  Search(const Program& program, const Placement& placement, Memory memory)
      : program_(program), placement_(placement), spans_(program.tiles.storage_count()) {
    collect(memory);
  }

  bool anything_shared() const { return shared_; }

  std::vector<Overwrite> run() {
    lost_.resize(spans_.size());
    partners_ = loop_partners(program_);
    follow(0, program_.code.size(), 0);
    return std::move(found_);
  }

 private:
  // Where a storage lies, if another one lies there too.
  struct Span {
    Box box{};
    uint32_t first_cell = 0, end_cell = 0;
    bool shared = false;
  };

  void collect(Memory memory) {
    std::vector<uint32_t> ids;
    std::vector<int64_t> ends;
    for (uint32_t id = 0; id < spans_.size(); ++id) {
      if (placement_.ranges[id].empty()) continue;
      const Storage& s = program_.tiles.storage({id});
      if (s.memory != memory || !s.address) continue;
      spans_[id].box = {s.address->partition, s.address->partition + s.partitions(),
                        s.address->byte, s.address->byte + s.row_bytes()};
      ids.push_back(id);
      ends.push_back(spans_[id].box.first_byte);
      ends.push_back(spans_[id].box.end_byte);
    }
    std::sort(ends.begin(), ends.end());
    ends.erase(std::unique(ends.begin(), ends.end()), ends.end());
    cells_.resize(ends.size());
    std::vector<uint32_t> users(ends.size());
    const auto cell = [&](int64_t byte) {
      return static_cast<uint32_t>(std::lower_bound(ends.begin(), ends.end(), byte) - ends.begin());
    };
    for (const uint32_t id : ids) {
      Span& span = spans_[id];
      span.first_cell = cell(span.box.first_byte);
      span.end_cell = cell(span.box.end_byte);
      for (uint32_t c = span.first_cell; c < span.end_cell; ++c) ++users[c];
    }
    for (size_t c = 0; c < cells_.size(); ++c) {
      cells_[c].first_byte = ends[c];
      cells_[c].end_byte = c + 1 < ends.size() ? ends[c + 1] : ends[c];
    }
    for (const uint32_t id : ids) {
      Span& span = spans_[id];
      for (uint32_t c = span.first_cell; c < span.end_cell; ++c) span.shared |= users[c] > 1;
      shared_ |= span.shared;
    }
  }

  void follow(size_t first, size_t end, int depth) {
    for (size_t i = first; i < end; ++i) {
      if (loop_depth_change(program_, i) > 0) {
        const size_t last = partners_[i];
        for (int turn = depth < twice_depth_max ? 2 : 1; turn > 0; --turn) {
          forget_born_in(i, last);
          follow(i + 1, last, depth + 1);
        }
        i = last;
        continue;
      }
      tile_uses(program_, i, uses_);
      const auto index = static_cast<uint32_t>(i);
      for (const TileUse& use : uses_) {
        if (use.kind == TileUse::Kind::read || use.kind == TileUse::Kind::accumulate) {
          read(use.view, index);
        }
      }
      for (const TileUse& use : uses_) {
        if (use.kind != TileUse::Kind::read) write(use.view, index);
      }
      if (found_.size() >= overwrites_max) return;
    }
  }

  // Tiles of the body are new ones in each iteration.
  void forget_born_in(size_t start, size_t last) {
    const Tiles& tiles = program_.tiles;
    size_t low = 0, high = tiles.storage_count();
    while (low < high) {
      const size_t middle = (low + high) / 2;
      const bool before = tiles.storage({static_cast<uint32_t>(middle)}).born <= start;
      (before ? low : high) = before ? middle + 1 : middle;
    }
    for (; low < lost_.size() && tiles.storage({static_cast<uint32_t>(low)}).born <= last; ++low) {
      lost_[low].clear();
    }
  }

  Box box_of(const Tile& tile) const {
    const Region r = region(tile);
    const Box& whole = spans_[tile.storage_id.value].box;
    return {whole.first_partition + r.first_partition, whole.first_partition + r.end_partition,
            whole.first_byte + r.first_byte, whole.first_byte + r.end_byte};
  }

  void read(ViewId view, uint32_t index) {
    const StorageId id = program_.tiles.storage_of(view);
    if (!spans_[id.value].shared || lost_[id.value].empty()) return;
    const Tile tile = program_.tiles.tile(view);
    const Box box = box_of(tile);
    for (const Piece& piece : lost_[id.value]) {
      // Which part a runtime index chooses is not known: it is wrong for sure if all is lost.
      const bool hit = tile.dynamic.valid() ? piece.box.contains(box) : piece.box.overlaps(box);
      if (hit && told_.insert(uint64_t{id.value} << 32 | piece.storage).second) {
        found_.push_back({id, {piece.storage}, piece.written, index});
      }
    }
  }

  void write(ViewId view, uint32_t index) {
    const StorageId id = program_.tiles.storage_of(view);
    const Span& span = spans_[id.value];
    if (!span.shared) return;
    const Tile tile = program_.tiles.tile(view);
    const Box box = box_of(tile);
    if (!lost_[id.value].empty()) remove(lost_[id.value], box);
    if (tile.dynamic.valid()) return;  // some of the box, and which is not known
    for (uint32_t c = span.first_cell; c < span.end_cell; ++c) {
      Box part = box;
      part.first_byte = std::max(part.first_byte, cells_[c].first_byte);
      part.end_byte = std::min(part.end_byte, cells_[c].end_byte);
      if (!part.empty()) write_cell(cells_[c].pieces, {part, id.value, index});
    }
  }

  void write_cell(std::vector<Piece>& pieces, Piece written) {
    if (pieces.size() == 1 && pieces[0].box == written.box &&
        pieces[0].storage == written.storage) {
      pieces[0].written = written.written;
      return;
    }
    rest_.clear();
    for (const Piece& piece : pieces) {
      if (!piece.box.overlaps(written.box)) {
        rest_.push_back(piece);
        continue;
      }
      if (piece.storage != written.storage) lose(piece, written);
      add_rest(piece, written.box, rest_);
    }
    for (size_t n = rest_.size(); n-- > 0;) {
      if (!join(written, rest_[n])) continue;
      rest_.erase(rest_.begin() + static_cast<std::ptrdiff_t>(n));
    }
    rest_.push_back(written);
    if (rest_.size() > pieces_max) rest_.erase(rest_.begin());
    pieces.swap(rest_);
  }

  void lose(const Piece& piece, const Piece& written) {
    // In a loop, last is the end of the loop for what is read in the next iteration.
    if (placement_.ranges[piece.storage].last < written.written) return;
    std::vector<Piece>& lost = lost_[piece.storage];
    if (lost.size() < pieces_max) {
      lost.push_back({piece.box.common(written.box), written.storage, written.written});
    }
  }

  struct Cell {
    int64_t first_byte = 0, end_byte = 0;
    std::vector<Piece> pieces;
  };

  const Program& program_;
  const Placement& placement_;
  std::vector<Span> spans_;  // by StorageId
  std::vector<Cell> cells_;  // between neighbouring ends of addresses
  bool shared_ = false;
  std::vector<uint32_t> partners_;
  std::vector<std::vector<Piece>> lost_;  // by StorageId: written by others since it was written
  std::unordered_set<uint64_t> told_;     // lost, by
  std::vector<Overwrite> found_;
  std::vector<TileUse> uses_;
  std::vector<Piece> rest_;
};

}  // namespace

std::vector<Overwrite> find_overwrites(const Program& program, const Placement& placement) {
  std::vector<Overwrite> all;
  for (const Memory memory : on_chip_memories) {
    Search search(program, placement, memory);
    if (!search.anything_shared()) continue;
    const std::vector<Overwrite> found = search.run();
    all.insert(all.end(), found.begin(), found.end());
  }
  std::sort(all.begin(), all.end(), [](const Overwrite& a, const Overwrite& b) {
    return std::tuple(a.read, a.lost, a.by) < std::tuple(b.read, b.lost, b.by);
  });
  return all;
}

}  // namespace kiln
