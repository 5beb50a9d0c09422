#include "kiln/isa/rng.h"

#include "kiln/isa/random_lanes.h"
#include "kiln/isa/rules.h"

namespace kiln {

void Rng::check(const Context& c, Report& report) const {
  const NamedTile d{"dst", c.tile(dst.view)};
  rules::engine_tile(c, report, d);
  rules::dtype_is(
      report, d,
      {DType::int8, DType::int16, DType::int32, DType::uint8, DType::uint16, DType::uint32});
  rules::random_engine(c, report, engine, false);
  rules::within_gpsimd_reach(report, engine, d);
}

void Rng::execute(TileMemory& memory) const {
  const TileAccess d = memory.access(dst);
  for (int64_t p = 0; p < d.partitions; ++p) {
    RandomBits random = random_bits(memory, engine, dst.view, p);
    for (int64_t i = 0; i < d.elements; ++i) d.set_bits(p, i, random.next());
  }
}

}  // namespace kiln
