// nki.isa.reciprocal.
#pragma once

#include "kiln/isa/context.h"
#include "kiln/isa/operand.h"
#include "kiln/isa/spec.h"
#include "kiln/isa/tile_memory.h"

namespace kiln {

class Report;

struct Reciprocal {
  Out dst;
  In data;

  static constexpr Spec spec{.name = "reciprocal",
                             .engines = Engine::vector,
                             .summary = "dst = 1 / data, element by element.",
                             .law = {.rate = Rate::elements,
                                     .cycles = 6,
                                     .fixed_cycles = 145.7,
                                     .source = sources::voyager,
                                     .evidence = Evidence::measured}};
  static constexpr std::tuple fields{
      Field{"dst", &Reciprocal::dst, "receives the result; SBUF or PSUM"},
      Field{"data", &Reciprocal::data, "divisor; SBUF or PSUM"}};

  void check(const Context& context, Report& report) const;
  void execute(TileMemory& memory) const;
};

}  // namespace kiln
