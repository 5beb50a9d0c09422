#include "kiln/placement/tile_uses.h"

#include "kiln/isa/roles.h"

namespace kiln {

namespace {

using Kind = TileUse::Kind;

template <class T>
Kind kind_of(const T& instruction, Access access) {
  if (access == Access::read) return Kind::read;
  if constexpr (requires { instruction.accumulate; }) {
    return instruction.accumulate == Tristate::no ? Kind::overwrite : Kind::accumulate;
  }
  // Rows whose index is out of bounds are left alone.
  if constexpr (requires { instruction.oob_mode; }) {
    if (instruction.oob_mode == OobMode::skip) return Kind::change;
  }
  return access == Access::write ? Kind::overwrite : Kind::change;
}

}  // namespace

void tile_uses(const Program& program, size_t index, std::vector<TileUse>& uses) {
  uses.clear();
  std::visit(
      [&](const auto& x) {
        for_each_access(x, program.tiles, [&](ViewId view, Access access) {
          uses.push_back({view, kind_of(x, access)});
        });
      },
      program.code[index]);
}

bool covers_storage(const Tiles& tiles, ViewId view) {
  const Tile tile = tiles.tile(view);
  if (tile.dynamic.valid()) return false;
  const Tile whole = tiles.tile(tiles.whole(tile.storage_id));
  if (tile.layout == whole.layout) return true;
  return tile.partitions() == whole.partitions() &&
         tile.elements() * size_bytes(tile.dtype()) == whole.elements() * size_bytes(whole.dtype());
}

}  // namespace kiln
