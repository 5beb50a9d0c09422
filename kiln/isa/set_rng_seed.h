// nki.isa.set_rng_seed.
#pragma once

#include "kiln/isa/context.h"
#include "kiln/isa/operand.h"
#include "kiln/isa/spec.h"
#include "kiln/isa/tile_memory.h"

namespace kiln {

class Report;

struct SetRngSeed {
  In src_seeds;

  static constexpr Spec spec{
      .name = "set_rng_seed",
      .engines = Engine::vector,
      .random = true,
      .summary = "Seeds the random number generators of all the Vector engine's lanes."};
  static constexpr std::tuple fields{
      Field{"src_seeds", &SetRngSeed::src_seeds, "[1, 1] of a 32-bit type; SBUF or PSUM"}};

  void check(const Context& context, Report& report) const;
  void execute(TileMemory& memory) const;
};

}  // namespace kiln
