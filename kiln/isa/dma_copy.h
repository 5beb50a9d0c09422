// nki.isa.dma_copy.
#pragma once

#include "kiln/isa/context.h"
#include "kiln/isa/operand.h"
#include "kiln/isa/spec.h"
#include "kiln/isa/tile_memory.h"

namespace kiln {

class Report;

struct DmaCopy {
  Out dst;
  In src;
  int32_t priority = -1;
  OobMode oob_mode = OobMode::error;
  DgeMode dge_mode = DgeMode::unknown;
  Engine engine = Engine::unknown;

  static constexpr Spec spec{
      .name = "dma_copy",
      .engines = Engine::dma,
      .summary = "dst = src, between and within HBM and SBUF, converting the type if it differs.",
      .law = {.rate = Rate::dma, .source = sources::dma_overview}};
  static constexpr std::tuple fields{
      Field{"dst", &DmaCopy::dst, "receives the copy; HBM or SBUF"},
      Field{"src", &DmaCopy::src, "what to copy; HBM or SBUF, as many elements as dst"},
      option("priority", &DmaCopy::priority, "class of service, 0 (highest) to 3"),
      option("oob_mode", &DmaCopy::oob_mode, "what a runtime index out of bounds does"),
      option("dge_mode", &DmaCopy::dge_mode, "what makes the descriptors"),
      option("engine", &DmaCopy::engine, "with hwdge, the engine that starts it: sync or scalar")};

  void check(const Context& context, Report& report) const;
  void execute(TileMemory& memory) const;
};

}  // namespace kiln
