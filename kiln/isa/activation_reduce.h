// nki.isa.activation_reduce.
#pragma once

#include "kiln/isa/activation.h"

namespace kiln {

struct ActivationReduce {
  Out dst;
  ActivationOp op = ActivationOp::none;
  In data;
  AluOp reduce_op = AluOp::none;
  OptionalOut reduce_res;
  InOrScalar bias;
  InOrScalar scale = 1.0f;

  static constexpr Spec spec{
      .name = "activation_reduce",
      .engines = Engine::scalar,
      .summary = "dst = op(data * scale + bias), reduce_res = dst reduced over the free axes.",
      .indirect = {"dst", "data"},
      .law = {
          .rate = Rate::activation, .source = sources::voyager, .evidence = Evidence::measured}};
  static constexpr std::tuple fields{
      Field{"dst", &ActivationReduce::dst, "receives the result; SBUF or PSUM"},
      Field{"op", &ActivationReduce::op, "function of the activation table"},
      Field{"data", &ActivationReduce::data, "input; SBUF or PSUM"},
      Field{"reduce_op", &ActivationReduce::reduce_op, "how the results are reduced"},
      option("reduce_res", &ActivationReduce::reduce_res,
             "[partitions, 1], receives the reduction; without it the accumulators keep it"),
      option("bias", &ActivationReduce::bias, "added after scaling; a constant or [partitions, 1]"),
      option("scale", &ActivationReduce::scale, "factor; a constant or a float32 [partitions, 1]")};

  void check(const Context& context, Report& report) const;
  void execute(TileMemory& memory) const;

  // The activation that does the same.
  Activation as_activation() const;
};

}  // namespace kiln
