// nki.isa.memset.
#pragma once

#include "kiln/isa/context.h"
#include "kiln/isa/operand.h"
#include "kiln/isa/spec.h"
#include "kiln/isa/tile_memory.h"

namespace kiln {

class Report;

struct Memset {
  Out dst;
  InOrScalar value;
  Engine engine = Engine::unknown;

  static constexpr Spec spec{.name = "memset",
                             .engines = Engine::vector | Engine::gpsimd,
                             .summary = "Fills dst with a constant.",
                             .law = {.rate = Rate::elements,
                                     .fixed_cycles = 70,
                                     .engine = Engine::gpsimd,
                                     .source = sources::voyager,
                                     .evidence = Evidence::measured}};
  static constexpr std::tuple fields{
      Field{"dst", &Memset::dst, "tile to fill; SBUF or PSUM"},
      Field{"value", &Memset::value, "compile-time constant; 0 for packed types"},
      option("engine", &Memset::engine, "vector, gpsimd, or unknown to let Kiln choose")};

  void check(const Context& context, Report& report) const;
  void execute(TileMemory& memory) const;
};

}  // namespace kiln
