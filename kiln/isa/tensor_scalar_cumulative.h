// nki.isa.tensor_scalar_cumulative.
#pragma once

#include "kiln/isa/alu_op.h"
#include "kiln/isa/context.h"
#include "kiln/isa/operand.h"
#include "kiln/isa/spec.h"
#include "kiln/isa/tile_memory.h"

namespace kiln {

class Report;

struct TensorScalarCumulative {
  Out dst;
  In src;
  AluOp op0 = AluOp::none;
  AluOp op1 = AluOp::none;
  InOrScalar imm0;
  InOrScalar imm1;
  ReduceCmd reduce_cmd = ReduceCmd::reset_reduce;

  static constexpr Spec spec{
      .name = "tensor_scalar_cumulative",
      .engines = Engine::vector,
      .summary = "Each element of dst is (src op0 imm0) op1 the element before it.",
      .indirect = {"dst", "src"},
      .law = {.rate = Rate::elements, .cycles = 2, .evidence = Evidence::assumed}};
  static constexpr std::tuple fields{
      Field{"dst", &TensorScalarCumulative::dst, "receives the result; SBUF or PSUM"},
      Field{"src", &TensorScalarCumulative::src, "input; SBUF or PSUM"},
      Field{"op0", &TensorScalarCumulative::op0, "arithmetic operator"},
      Field{"op1", &TensorScalarCumulative::op1,
            "how results are combined: add, subtract, multiply, maximum or minimum"},
      Field{"imm0", &TensorScalarCumulative::imm0,
            "operand of op0; a constant or a float32 [partitions, 1]"},
      option("imm1", &TensorScalarCumulative::imm1,
             "what load_reduce starts with; a constant or a float32 [partitions, 1]"),
      option("reduce_cmd", &TensorScalarCumulative::reduce_cmd,
             "what the Vector engine's accumulators start with: reset_reduce, reduce or "
             "load_reduce")};

  void check(const Context& context, Report& report) const;
  void execute(TileMemory& memory) const;
};

}  // namespace kiln
