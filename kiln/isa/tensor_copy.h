// nki.isa.tensor_copy.
#pragma once

#include "kiln/isa/context.h"
#include "kiln/isa/operand.h"
#include "kiln/isa/spec.h"
#include "kiln/isa/tile_memory.h"

namespace kiln {

class Report;

struct TensorCopy {
  Out dst;
  In src;
  Engine engine = Engine::unknown;

  static constexpr Spec spec{
      .name = "tensor_copy",
      .engines = Engine::vector | Engine::scalar | Engine::gpsimd,
      .summary = "dst = src, bit for bit if the types are the same, else by way of float32.",
      .ignored = "dtype",
      .indirect = {"dst", "src"},
      .law = {.rate = Rate::copy, .source = sources::voyager, .evidence = Evidence::measured}};
  static constexpr std::tuple fields{
      Field{"dst", &TensorCopy::dst, "receives the copy; SBUF or PSUM"},
      Field{"src", &TensorCopy::src, "tile to copy; SBUF or PSUM"},
      option("engine", &TensorCopy::engine,
             "vector, scalar, gpsimd, or unknown to let Kiln choose")};

  void check(const Context& context, Report& report) const;
  void execute(TileMemory& memory) const;
};

}  // namespace kiln
