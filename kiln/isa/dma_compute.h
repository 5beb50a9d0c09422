// nki.isa.dma_compute.
#pragma once

#include "kiln/isa/alu_op.h"
#include "kiln/isa/context.h"
#include "kiln/isa/operand.h"
#include "kiln/isa/spec.h"
#include "kiln/isa/tile_memory.h"

namespace kiln {

class Report;

struct DmaCompute {
  static constexpr size_t sources_max = 16;

  Out dst;
  InList srcs;
  AluOp reduce_op = AluOp::none;
  NumberList scales;
  bool unique_indices = true;
  OobMode oob_mode = OobMode::error;

  static constexpr Spec spec{
      .name = "dma_compute",
      .engines = Engine::dma,
      .summary = "dst = the sum of srcs, element by element, between and within HBM and SBUF.",
      .law = {.rate = Rate::dma, .source = sources::dma_overview}};
  static constexpr std::tuple fields{
      Field{"dst", &DmaCompute::dst, "receives the sum; HBM or SBUF"},
      Field{"srcs", &DmaCompute::srcs,
            "up to 16 tensors in HBM or SBUF, each with as many elements as dst"},
      Field{"reduce_op", &DmaCompute::reduce_op, "how the sources are combined; add"},
      option("scales", &DmaCompute::scales, "a factor for each source; 1.0"),
      option("unique_indices", &DmaCompute::unique_indices,
             "whether no runtime index of a row occurs twice; true with such indices"),
      option("oob_mode", &DmaCompute::oob_mode, "what a runtime index out of bounds does")};

  void check(const Context& context, Report& report) const;
  void execute(TileMemory& memory) const;
};

}  // namespace kiln
