// nki.isa.iota.
#pragma once

#include "kiln/isa/context.h"
#include "kiln/isa/operand.h"
#include "kiln/isa/spec.h"
#include "kiln/isa/tile_memory.h"

namespace kiln {

class Report;

struct Iota {
  Out dst;
  Pattern pattern;
  int32_t offset = 0;
  int32_t channel_multiplier = 0;

  static constexpr Spec spec{
      .name = "iota",
      .engines = Engine::gpsimd,
      .summary = "dst = offset + partition * channel_multiplier + pattern, in 32-bit integers.",
      .law = {.rate = Rate::elements}};
  static constexpr std::tuple fields{
      Field{"dst", &Iota::dst, "receives the values; SBUF"},
      Field{"pattern", &Iota::pattern, "[[step, num], ...], up to four dimensions"},
      option("offset", &Iota::offset, "added to every value"),
      option("channel_multiplier", &Iota::channel_multiplier, "step from partition to partition")};

  void check(const Context& context, Report& report) const;
  void execute(TileMemory& memory) const;
};

}  // namespace kiln
