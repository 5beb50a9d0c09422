#include "kiln/isa/set_rng_seed.h"

#include "kiln/isa/rules.h"

namespace kiln {

void SetRngSeed::check(const Context& c, Report& report) const {
  const NamedTile seed{"src_seeds", c.tile(src_seeds.view)};
  rules::engine_tile(c, report, seed);
  if (seed.tile.elements() != 1) {
    report.add(diag::size_mismatch, "src_seeds has {} elements; it must have 1",
               seed.tile.elements());
  }
  rules::dtype_is(report, seed, {DType::int32, DType::uint32, DType::float32, DType::tfloat32});
}

void SetRngSeed::execute(TileMemory& memory) const {
  memory.random().seed_vector(memory.access(src_seeds).bits(0, 0));
}

}  // namespace kiln
