// How instructions draw from the engines' random states, and the rules for those that do.
#pragma once

#include "kiln/isa/random_state.h"
#include "kiln/isa/rules.h"
#include "kiln/isa/tile_memory.h"

namespace kiln {

// The states of the lane on which partition p of the tile is.
std::span<Xorwow> random_lane(TileMemory& memory, Engine engine, ViewId tile, int64_t p);

// The random bits for the elements of that partition.
inline RandomBits random_bits(TileMemory& memory, Engine engine, ViewId tile, int64_t p) {
  return RandomBits(random_lane(memory, engine, tile, p));
}

namespace rules {

// The engine is the Vector or the GpSimd engine, and the machine lets it give random numbers, or
// its states be read and written.
bool random_engine(const Context& context, Report& report, Engine engine, bool whole_state);

// A uint32 tile of two dimensions with the states of one lane for each partition.
void random_words(const Context& context, Report& report, Engine engine, const NamedTile& t);

}  // namespace rules
}  // namespace kiln
