// nki.isa.activation.
#pragma once

#include "kiln/isa/activation_op.h"
#include "kiln/isa/alu_op.h"
#include "kiln/isa/context.h"
#include "kiln/isa/operand.h"
#include "kiln/isa/spec.h"
#include "kiln/isa/tile_memory.h"

namespace kiln {

class Report;

struct Activation {
  Out dst;
  ActivationOp op = ActivationOp::none;
  In data;
  InOrScalar bias;
  InOrScalar scale = 1.0f;
  AluOp reduce_op = AluOp::none;
  OptionalOut reduce_res;
  ReduceCmd reduce_cmd = ReduceCmd::idle;

  static constexpr Spec spec{
      .name = "activation",
      .engines = Engine::scalar,
      .summary = "dst = op(data * scale + bias), and a sum of the results for each partition.",
      .indirect = {"dst", "data"},
      .law = {
          .rate = Rate::activation, .source = sources::voyager, .evidence = Evidence::measured}};
  static constexpr std::tuple fields{
      Field{"dst", &Activation::dst, "receives the result; SBUF or PSUM"},
      Field{"op", &Activation::op, "function of the activation table"},
      Field{"data", &Activation::data, "input; SBUF or PSUM"},
      option("bias", &Activation::bias, "added after scaling; a constant or [partitions, 1]"),
      option("scale", &Activation::scale, "factor; a constant or a float32 [partitions, 1]"),
      option("reduce_op", &Activation::reduce_op, "how the results are reduced; add"),
      option("reduce_res", &Activation::reduce_res,
             "[partitions, 1], receives the accumulators after the instruction"),
      option("reduce_cmd", &Activation::reduce_cmd,
             "what to do with the Scalar engine's accumulators")};

  void check(const Context& context, Report& report) const;
  void execute(TileMemory& memory) const;

  // The rules that activation_reduce shares: all but those on reduce_op.
  void check_operands(const Context& context, Report& report) const;
};

}  // namespace kiln
