// nki.isa.max8.
#pragma once

#include "kiln/isa/context.h"
#include "kiln/isa/operand.h"
#include "kiln/isa/spec.h"
#include "kiln/isa/tile_memory.h"

namespace kiln {

class Report;

// NaN ranks below all numbers, so that it appears only where a partition has fewer than 8 of them.
struct Max8 {
  Out dst;
  In src;

  static constexpr Spec spec{
      .name = "max8",
      .engines = Engine::vector,
      .summary = "dst = the 8 largest elements of each partition in float32, descending.",
      .law = {.rate = Rate::elements}};
  static constexpr std::tuple fields{
      Field{"dst", &Max8::dst, "8 elements per partition, two dimensions; SBUF or PSUM"},
      Field{"src", &Max8::src, "8 to 16384 elements per partition; SBUF or PSUM"}};

  void check(const Context& context, Report& report) const;
  void execute(TileMemory& memory) const;
};

}  // namespace kiln
