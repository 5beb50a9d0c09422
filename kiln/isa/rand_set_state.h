// nki.isa.rand_set_state.
#pragma once

#include "kiln/isa/context.h"
#include "kiln/isa/operand.h"
#include "kiln/isa/spec.h"
#include "kiln/isa/tile_memory.h"

namespace kiln {

class Report;

struct RandSetState {
  In src_seeds;
  Engine engine = Engine::gpsimd;

  static constexpr Spec spec{.name = "rand_set_state",
                             .engines = Engine::vector | Engine::gpsimd,
                             .since = Generation::gen3,
                             .random = true,
                             .summary = "Sets the states of the random number generators."};
  static constexpr std::tuple fields{
      Field{"src_seeds", &RandSetState::src_seeds,
            "uint32 [lanes, 6], or [lanes, 24] for the Vector engine; SBUF"},
      option("engine", &RandSetState::engine, "gpsimd, or vector from NeuronCore-v4 on")};

  void check(const Context& context, Report& report) const;
  void execute(TileMemory& memory) const;
};

}  // namespace kiln
