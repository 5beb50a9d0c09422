#include "kiln/session/contest.h"

#include <algorithm>
#include <limits>
#include <map>
#include <vector>

#include "kiln/isa/roles.h"

namespace kiln {

namespace {

// What a core writes of a shared tensor: the views, and the bytes from their first to their last.
struct Written {
  std::vector<Tile> views;
  int64_t first = std::numeric_limits<int64_t>::max(), end = 0;

  void add(const Tile& view) {
    views.push_back(view);
    const Region reached = region(view);
    first = std::min(first, reached.first_byte);
    end = std::max(end, reached.end_byte);
  }
};

using WrittenByAddress = std::map<const std::byte*, Written>;

bool is_shared(const Storage& storage) {
  return storage.memory == Memory::shared_hbm && storage.binding != Binding::constant;
}

WrittenByAddress written_by(const Seat& seat) {
  const Tiles& tiles = seat.program->tiles;
  WrittenByAddress written;
  const auto add = [&](ViewId id, Access access) {
    const Tile tile = tiles.tile(id);
    if (access == Access::read || !is_shared(*tile.storage) || tile.dynamic.valid()) return;
    written[seat.execution->share(tile.storage_id).data.get()].add(tile);
  };
  for (const Instruction& instruction : seat.program->code) {
    // A barrier orders accesses and makes none.
    if (std::holds_alternative<CoreBarrier>(instruction)) continue;
    std::visit([&](const auto& i) { for_each_access(i, tiles, add); }, instruction);
  }
  return written;
}

// Calls fn(first byte, end byte) for each run of bytes without gaps that the view consists of,
// until one returns true. Returns whether one did.
template <class Fn>
bool any_run(const Tile& tile, Fn&& fn) {
  const Layout& layout = *tile.layout;
  const int64_t bytes = size_bytes(layout.dtype);
  int64_t run = 1;  // elements of a run: the inner dimensions that lie without gaps
  int outer = layout.rank;
  while (outer > 0 && (layout.stride[outer - 1] == run || layout.shape[outer - 1] == 1)) {
    run *= layout.shape[--outer];
  }
  Extents at;
  while (true) {
    int64_t element = tile.offset;
    for (int i = 0; i < outer; ++i) element += at[i] * layout.stride[i];
    if (fn(element * bytes, (element + run) * bytes)) return true;
    int dim = outer - 1;
    while (dim >= 0 && ++at[dim] == layout.shape[dim]) at[dim--] = 0;
    if (dim < 0) return false;
  }
}

bool overlap(const Written& a, const Written& b) {
  const int64_t first = std::max(a.first, b.first), end = std::min(a.end, b.end);
  if (first >= end) return false;
  std::vector<bool> taken(static_cast<size_t>(end - first));
  const auto within = [&](int64_t byte) { return std::clamp(byte, first, end) - first; };
  for (const Tile& view : a.views) {
    any_run(view, [&](int64_t from, int64_t to) {
      std::fill(taken.begin() + within(from), taken.begin() + within(to), true);
      return false;
    });
  }
  return std::ranges::any_of(b.views, [&](const Tile& view) {
    return any_run(view, [&](int64_t from, int64_t to) {
      return std::find(taken.begin() + within(from), taken.begin() + within(to), true) !=
             taken.begin() + within(to);
    });
  });
}

}  // namespace

bool is_contested(std::span<const Seat> seats) {
  std::vector<WrittenByAddress> written;
  for (const Seat& seat : seats) written.push_back(written_by(seat));
  for (size_t i = 0; i < written.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      for (const auto& [address, mine] : written[i]) {
        const auto others = written[j].find(address);
        if (others != written[j].end() && overlap(others->second, mine)) return true;
      }
    }
  }
  return false;
}

}  // namespace kiln
