// nki.isa.tensor_tensor.
#pragma once

#include "kiln/isa/alu_op.h"
#include "kiln/isa/context.h"
#include "kiln/isa/operand.h"
#include "kiln/isa/spec.h"
#include "kiln/isa/tile_memory.h"

namespace kiln {

class Report;

struct TensorTensor {
  Out dst;
  In data1;
  In data2;
  AluOp op = AluOp::none;
  Engine engine = Engine::unknown;

  static constexpr Spec spec{.name = "tensor_tensor",
                             .engines = Engine::vector | Engine::gpsimd,
                             .summary = "dst = data1 op data2, element by element.",
                             .indirect = {"dst", "data1"},
                             .law = {.rate = Rate::pair,
                                     .fixed_cycles = 152.4,
                                     .source = sources::voyager,
                                     .evidence = Evidence::measured}};
  static constexpr std::tuple fields{
      Field{"dst", &TensorTensor::dst, "receives the result; SBUF or PSUM"},
      Field{"data1", &TensorTensor::data1, "left operand"},
      Field{"data2", &TensorTensor::data2, "right operand; not in PSUM if data1 is"},
      Field{"op", &TensorTensor::op, "binary operator of the ALU table"},
      option("engine", &TensorTensor::engine, "vector, gpsimd, or unknown to let Kiln choose")};

  void check(const Context& context, Report& report) const;
  void execute(TileMemory& memory) const;

  // Exact 32-bit integer arithmetic: all tiles int32 or uint32, none in PSUM, the Vector engine not
  // forced, and an arithmetic operator.
  bool runs_on_integers(const Tiles& tiles) const;
};

}  // namespace kiln
