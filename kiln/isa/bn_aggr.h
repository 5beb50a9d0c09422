// nki.isa.bn_aggr.
#pragma once

#include "kiln/isa/context.h"
#include "kiln/isa/operand.h"
#include "kiln/isa/spec.h"
#include "kiln/isa/tile_memory.h"

namespace kiln {

class Report;

struct BnAggr {
  Out dst;
  In data;

  static constexpr Spec spec{
      .name = "bn_aggr",
      .engines = Engine::vector,
      .summary = "Mean and population variance of each partition from the output of bn_stats.",
      .law = {.rate = Rate::elements, .cycles = 13.0 / 3}};
  static constexpr std::tuple fields{
      Field{"dst", &BnAggr::dst, "mean and variance; 2 elements per partition"},
      Field{"data", &BnAggr::data, "triples of count, mean and variance * count"}};

  void check(const Context& context, Report& report) const;
  void execute(TileMemory& memory) const;
};

}  // namespace kiln
