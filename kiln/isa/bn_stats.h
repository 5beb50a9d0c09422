// nki.isa.bn_stats.
#pragma once

#include "kiln/isa/context.h"
#include "kiln/isa/operand.h"
#include "kiln/isa/spec.h"
#include "kiln/isa/tile_memory.h"

namespace kiln {

class Report;

struct BnStats {
  Out dst;
  In data;

  static constexpr Spec spec{
      .name = "bn_stats",
      .engines = Engine::vector,
      .summary =
          "Count, mean and variance * count of the even elements of each partition, then of "
          "the odd ones.",
      .law = {.rate = Rate::elements}};
  static constexpr std::tuple fields{
      Field{"dst", &BnStats::dst, "6 elements per partition; SBUF or PSUM"},
      Field{"data", &BnStats::data, "input; SBUF or PSUM"}};

  void check(const Context& context, Report& report) const;
  void execute(TileMemory& memory) const;
};

}  // namespace kiln
