// TileUse: what an instruction does to the contents of its tiles, more exactly than the roles of
// its operands tell: whether what was there before matters.
#pragma once

#include <cstdint>
#include <vector>

#include "kiln/program/program.h"

namespace kiln {

struct TileUse {
  enum class Kind : uint8_t {
    read,
    overwrite,   // every element of the view
    change,      // some elements, or depending on what was there
    accumulate,  // adds to what was there
  };
  ViewId view;
  Kind kind;
};

// Fills `uses` with those of code[index], and of the runtime indices that its tiles depend on.
void tile_uses(const Program& program, size_t index, std::vector<TileUse>& uses);

// Whether the view is all of its storage.
bool covers_storage(const Tiles& tiles, ViewId view);

}  // namespace kiln
