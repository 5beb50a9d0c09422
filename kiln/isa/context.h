// Context: what an instruction's check may look at besides its own fields.
#pragma once

#include "kiln/machine/machine.h"
#include "kiln/tile/tiles.h"

namespace kiln {

struct Context {
  const Machine& machine;
  const Tiles& tiles;

  Tile tile(ViewId id) const { return tiles.tile(id); }
};

}  // namespace kiln
