// nki.isa.dma_transpose.
#pragma once

#include "kiln/isa/context.h"
#include "kiln/isa/operand.h"
#include "kiln/isa/spec.h"
#include "kiln/isa/tile_memory.h"

namespace kiln {

class Report;

struct DmaTranspose {
  Out dst;
  In src;
  Permutation axes;
  int32_t priority = -1;
  DgeMode dge_mode = DgeMode::unknown;
  OobMode oob_mode = OobMode::error;
  bool pads_dst = false;

  static constexpr Spec spec{
      .name = "dma_transpose",
      .engines = Engine::dma,
      .summary = "dst = src with its first and last axes exchanged (three axes: reversed).",
      .law = {.rate = Rate::dma, .source = sources::dma_overview}};
  static constexpr std::tuple fields{
      Field{"dst", &DmaTranspose::dst, "receives the transpose; SBUF"},
      Field{"src", &DmaTranspose::src, "two to four axes; HBM or SBUF"},
      option("axes", &DmaTranspose::axes,
             "axis of src for each axis of dst: (1, 0), (2, 1, 0) or (3, 1, 2, 0)"),
      option("priority", &DmaTranspose::priority, "class of service, 0 (highest) to 3"),
      option("dge_mode", &DmaTranspose::dge_mode, "what makes the descriptors"),
      option("oob_mode", &DmaTranspose::oob_mode, "what a runtime index of src out of bounds does"),
      by_release("pads_dst", &DmaTranspose::pads_dst, true,
                 "a dst with fewer axes than src is taken as one with more axes of one element")};

  void check(const Context& context, Report& report) const;
  void execute(TileMemory& memory) const;
};

}  // namespace kiln
