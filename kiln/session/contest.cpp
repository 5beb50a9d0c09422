#include "kiln/session/contest.h"

#include <algorithm>
#include <map>
#include <vector>

#include "kiln/checker/byte_set.h"
#include "kiln/isa/roles.h"

namespace kiln {

namespace {

// What a core writes of a shared tensor.
struct Written {
  ByteSet bytes;
  std::vector<Footprint> views;
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
    const std::byte* address = seat.execution->share(tile.storage_id).data.get();
    Written& tensor =
        written.try_emplace(address, Written{ByteSet(*tile.storage), {}}).first->second;
    tensor.views.push_back(footprint(tile));
    tensor.bytes.add(tensor.views.back());
  };
  for (const Instruction& instruction : seat.program->code) {
    // A barrier orders accesses and makes none.
    if (std::holds_alternative<CoreBarrier>(instruction)) continue;
    std::visit([&](const auto& i) { for_each_access(i, tiles, add); }, instruction);
  }
  return written;
}

bool overlap(const Written& a, const Written& b) {
  return std::ranges::any_of(
      b.views, [&](const Footprint& f) { return a.bytes.missing(f).bytes < f.bytes(); });
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
