// nki.isa.tensor_scalar_reduce.
#pragma once

#include "kiln/isa/alu_op.h"
#include "kiln/isa/context.h"
#include "kiln/isa/operand.h"
#include "kiln/isa/spec.h"
#include "kiln/isa/tile_memory.h"

namespace kiln {

class Report;

struct TensorScalarReduce {
  Out dst;
  In data;
  AluOp op0 = AluOp::none;
  InOrScalar operand0;
  AluOp reduce_op = AluOp::none;
  OptionalOut reduce_res;
  bool reverse0 = false;
  ReduceCmd reduce_cmd = ReduceCmd::reset_reduce;
  InOrScalar reduce_init;
  bool reduce_res_negate = false;

  static constexpr Spec spec{
      .name = "tensor_scalar_reduce",
      .engines = Engine::vector,
      .summary = "dst = data op0 operand0, and a reduction of the results for each partition.",
      .indirect = {"dst", "data"},
      .law = {.rate = Rate::elements, .evidence = Evidence::assumed}};
  static constexpr std::tuple fields{
      Field{"dst", &TensorScalarReduce::dst, "receives the result; SBUF or PSUM"},
      Field{"data", &TensorScalarReduce::data, "input; SBUF or PSUM"},
      Field{"op0", &TensorScalarReduce::op0, "arithmetic operator"},
      Field{"operand0", &TensorScalarReduce::operand0,
            "constant, or float32 tile [partitions, 1]; None or 0 for a unary operator"},
      Field{"reduce_op", &TensorScalarReduce::reduce_op,
            "how the results are reduced: add, multiply, maximum or minimum"},
      option("reduce_res", &TensorScalarReduce::reduce_res,
             "[partitions, 1], receives the accumulators after the instruction"),
      option("reverse0", &TensorScalarReduce::reverse0,
             "compute operand0 op0 data, which no release supports yet"),
      option(
          "reduce_cmd", &TensorScalarReduce::reduce_cmd,
          "what to do with the Vector engine's accumulators: reset_reduce, reduce or load_reduce"),
      option("reduce_init", &TensorScalarReduce::reduce_init,
             "what load_reduce loads; a constant or a float32 [partitions, 1]"),
      option("reduce_res_negate", &TensorScalarReduce::reduce_res_negate,
             "write the negative of the accumulators to reduce_res")};

  void check(const Context& context, Report& report) const;
  void execute(TileMemory& memory) const;
};

}  // namespace kiln
