// nki.isa.nc_transpose.
#pragma once

#include "kiln/isa/array_work.h"
#include "kiln/isa/context.h"
#include "kiln/isa/operand.h"
#include "kiln/isa/spec.h"
#include "kiln/isa/tile_memory.h"

namespace kiln {

class Report;

struct NcTranspose {
  Out dst;
  In data;
  Engine engine = Engine::unknown;

  static constexpr Spec spec{
      .name = "nc_transpose",
      .engines = Engine::tensor | Engine::vector,
      .summary = "dst = data with partitions and free elements exchanged, bit by bit.",
      .law = {.rate = Rate::matmul}};
  static constexpr std::tuple fields{
      Field{"dst", &NcTranspose::dst, "receives the transpose; PSUM on the Tensor engine"},
      Field{"data", &NcTranspose::data, "input of the same type; SBUF on the Tensor engine"},
      option("engine", &NcTranspose::engine, "tensor, vector, or unknown to let Kiln choose")};

  void check(const Context& context, Report& report) const;
  void execute(TileMemory& memory) const;
  ArrayWork array_work(const Context& context) const;

  // The engine it runs on: the one asked for, else Tensor from SBUF to PSUM and Vector otherwise.
  Engine runs_on(const Tiles& tiles) const;
};

}  // namespace kiln
