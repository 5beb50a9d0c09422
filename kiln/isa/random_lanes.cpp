#include "kiln/isa/random_lanes.h"

#include "kiln/base/check.h"

namespace kiln {

std::span<Xorwow> random_lane(TileMemory& memory, Engine engine, ViewId tile, int64_t p) {
  const int64_t lane = rules::start_partition(memory.tiles().tile(tile)) + p;
  KILN_CHECK(lane < RandomState::lanes);
  return memory.random().lane(engine, lane);
}

namespace rules {

bool random_engine(const Context& c, Report& report, Engine engine, bool whole_state) {
  if (engine != Engine::vector && engine != Engine::gpsimd) {
    report.add(diag::wrong_engine, "engine is {}; it must be vector or gpsimd", name_of(engine));
    return false;
  }
  const bool gpsimd = engine == Engine::gpsimd;
  if (gpsimd ? c.machine.gpsimd_random : !whole_state || c.machine.vector_random_state) return true;
  report.add(diag::wrong_generation, "engine is {}; {} has no {}", name_of(engine), c.machine.core,
             gpsimd ? "random numbers on it" : "access to its random states");
  return false;
}

void random_words(const Context& c, Report& report, Engine engine, const NamedTile& t) {
  engine_tile(c, report, t);
  within_gpsimd_reach(report, engine, t);
  dtype_is(report, t, {DType::uint32});
  if (t.tile.rank() != 2) {
    report.add(diag::bad_shape, "{} has {} dimensions; it must have 2", t.name, t.tile.rank());
  }
  free_elements_are(report, t, random_state_words(engine));
}

}  // namespace rules
}  // namespace kiln
