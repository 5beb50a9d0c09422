// nki.isa.rand_get_state.
#pragma once

#include "kiln/isa/context.h"
#include "kiln/isa/operand.h"
#include "kiln/isa/spec.h"
#include "kiln/isa/tile_memory.h"

namespace kiln {

class Report;

struct RandGetState {
  Out dst;
  Engine engine = Engine::gpsimd;

  static constexpr Spec spec{.name = "rand_get_state",
                             .engines = Engine::vector | Engine::gpsimd,
                             .since = Generation::gen3,
                             .random = true,
                             .summary = "dst = the states of the random number generators."};
  static constexpr std::tuple fields{
      Field{"dst", &RandGetState::dst,
            "uint32 [lanes, 6], or [lanes, 24] for the Vector engine; SBUF, or PSUM for the Vector "
            "engine"},
      option("engine", &RandGetState::engine, "gpsimd, or vector from NeuronCore-v4 on")};

  void check(const Context& context, Report& report) const;
  void execute(TileMemory& memory) const;
};

}  // namespace kiln
