// nki.isa.core_barrier.
#pragma once

#include "kiln/isa/context.h"
#include "kiln/isa/meeting.h"
#include "kiln/isa/operand.h"
#include "kiln/isa/spec.h"

namespace kiln {

class Report;

struct CoreBarrier {
  InOut data;
  SmallSet cores;
  Engine engine = Engine::gpsimd;

  static constexpr Spec spec{
      .name = "core_barrier",
      .engines = Engine::tensor | Engine::vector | Engine::scalar | Engine::gpsimd | Engine::sync,
      .since = Generation::gen3,
      .summary = "No core passes it before all of them have reached it.",
      .law = {.rate = Rate::sequencer, .evidence = Evidence::assumed}};
  static constexpr std::tuple fields{
      Field{"data", &CoreBarrier::data, "what the cores share; shared HBM"},
      Field{"cores", &CoreBarrier::cores, "the cores that wait for each other: (0, 1)"},
      option("engine", &CoreBarrier::engine, "the engine that waits")};

  void check(const Context& context, Report& report) const;
  Result<Meeting> meeting(const Tiles& tiles, Member self) const;
  Bytes bring(TileMemory&) const { return {}; }
  void take(TileMemory&, const Contributions&) const {}
};

}  // namespace kiln
