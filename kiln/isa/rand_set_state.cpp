#include "kiln/isa/rand_set_state.h"

#include "kiln/isa/random_lanes.h"
#include "kiln/isa/rules.h"

namespace kiln {

void RandSetState::check(const Context& c, Report& report) const {
  if (!rules::random_engine(c, report, engine, true)) return;
  const NamedTile seeds{"src_seeds", c.tile(src_seeds.view)};
  if (rules::in_sbuf(c, report, seeds)) rules::random_words(c, report, engine, seeds);
}

void RandSetState::execute(TileMemory& memory) const {
  const TileAccess seeds = memory.access(src_seeds);
  for (int64_t p = 0; p < seeds.partitions; ++p) {
    int64_t i = 0;
    for (Xorwow& state : random_lane(memory, engine, src_seeds.view, p)) {
      for (uint32_t& word : state.words) word = seeds.bits(p, i++);
    }
  }
}

}  // namespace kiln
