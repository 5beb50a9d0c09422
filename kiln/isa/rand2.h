// nki.isa.rand2.
#pragma once

#include "kiln/isa/context.h"
#include "kiln/isa/operand.h"
#include "kiln/isa/spec.h"
#include "kiln/isa/tile_memory.h"

namespace kiln {

class Report;

struct Rand2 {
  Out dst;
  InOrScalar min;
  InOrScalar max;

  static constexpr Spec spec{
      .name = "rand2",
      .engines = Engine::vector,
      .since = Generation::gen4,
      .random = true,
      .summary = "dst = random numbers, uniform between min and max.",
      .law = {.rate = Rate::elements, .cycles = 0.25, .source = sources::gen4_guide}};
  static constexpr std::tuple fields{
      Field{"dst", &Rand2::dst, "receives the numbers; SBUF or PSUM"},
      Field{"min", &Rand2::min, "the least number; a constant or a float32 [partitions, 1]"},
      Field{"max", &Rand2::max, "the greatest number, as min"}};

  void check(const Context& context, Report& report) const;
  void execute(TileMemory& memory) const;
};

}  // namespace kiln
