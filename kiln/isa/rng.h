// nki.isa.rng.
#pragma once

#include "kiln/isa/context.h"
#include "kiln/isa/operand.h"
#include "kiln/isa/spec.h"
#include "kiln/isa/tile_memory.h"

namespace kiln {

class Report;

struct Rng {
  Out dst;
  Engine engine = Engine::vector;

  static constexpr Spec spec{.name = "rng",
                             .engines = Engine::vector | Engine::gpsimd,
                             .random = true,
                             .summary = "dst = the low bits of one random 32-bit number each."};
  static constexpr std::tuple fields{
      Field{"dst", &Rng::dst, "receives the bits; an integer tile in SBUF or PSUM"},
      option("engine", &Rng::engine, "vector, or gpsimd from NeuronCore-v3 on")};

  void check(const Context& context, Report& report) const;
  void execute(TileMemory& memory) const;
};

}  // namespace kiln
