// nki.isa.dropout.
#pragma once

#include "kiln/isa/context.h"
#include "kiln/isa/operand.h"
#include "kiln/isa/spec.h"
#include "kiln/isa/tile_memory.h"

namespace kiln {

class Report;

struct Dropout {
  Out dst;
  In data;
  InOrScalar prob;

  static constexpr Spec spec{
      .name = "dropout",
      .engines = Engine::vector,
      .random = true,
      .summary = "dst = data, with each element replaced by 0 with probability prob.",
      .law = {.rate = Rate::elements}};
  static constexpr std::tuple fields{
      Field{"dst", &Dropout::dst, "receives the result, of the type of data; SBUF or PSUM"},
      Field{"data", &Dropout::data, "input; SBUF or PSUM"},
      Field{"prob", &Dropout::prob, "probability of a 0; a constant or [partitions, 1]"}};

  void check(const Context& context, Report& report) const;
  void execute(TileMemory& memory) const;
};

}  // namespace kiln
