#include "kiln/isa/rand_get_state.h"

#include "kiln/isa/random_lanes.h"
#include "kiln/isa/rules.h"

namespace kiln {

void RandGetState::check(const Context& c, Report& report) const {
  if (!rules::random_engine(c, report, engine, true)) return;
  rules::random_words(c, report, engine, {"dst", c.tile(dst.view)});
}

void RandGetState::execute(TileMemory& memory) const {
  const TileAccess d = memory.access(dst);
  for (int64_t p = 0; p < d.partitions; ++p) {
    int64_t i = 0;
    for (const Xorwow& state : random_lane(memory, engine, dst.view, p)) {
      for (const uint32_t word : state.words) d.set_bits(p, i++, word);
    }
  }
}

}  // namespace kiln
