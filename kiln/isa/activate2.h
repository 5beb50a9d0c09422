// nki.isa.activate2.
#pragma once

#include "kiln/isa/activation_op.h"
#include "kiln/isa/alu_op.h"
#include "kiln/isa/context.h"
#include "kiln/isa/operand.h"
#include "kiln/isa/spec.h"
#include "kiln/isa/tile_memory.h"

namespace kiln {

class Report;

struct Activate2 {
  Out dst;
  ActivationOp op = ActivationOp::none;
  In data;
  InOrScalar imm0;
  InOrScalar imm1;
  AluOp op0 = AluOp::none;
  AluOp op1 = AluOp::none;
  InOrScalar relu_param = 0.0f;
  bool reverse0 = false;
  bool reverse1 = false;
  AluOp reduce_op = AluOp::none;
  OptionalOut reduce_res;
  ReduceCmd reduce_cmd = ReduceCmd::idle;

  static constexpr Spec spec{
      .name = "activate2",
      .engines = Engine::scalar,
      .since = Generation::gen4,
      .summary =
          "dst = op((data op0 imm0) op1 imm1), and a reduction of the results for each "
          "partition.",
      .indirect = {"dst", "data"},
      .law = {.rate = Rate::activation, .evidence = Evidence::assumed}};
  static constexpr std::tuple fields{
      Field{"dst", &Activate2::dst, "receives the result; SBUF or PSUM"},
      Field{"op", &Activate2::op, "function of the activation table"},
      Field{"data", &Activate2::data, "input; SBUF or PSUM"},
      Field{"imm0", &Activate2::imm0, "operand of op0; a constant or a tile [partitions, 1]"},
      Field{"imm1", &Activate2::imm1, "operand of op1; a constant or a tile [partitions, 1]"},
      Field{"op0", &Activate2::op0, "multiply, add, subtract or bypass"},
      Field{"op1", &Activate2::op1, "bypass, or after multiply also add or subtract"},
      option("relu_param", &Activate2::relu_param,
             "slope of prelu for negative numbers; a constant or a tile [partitions, 1]"),
      option("reverse0", &Activate2::reverse0, "compute imm0 op0 data"),
      option("reverse1", &Activate2::reverse1, "compute imm1 op1 (data op0 imm0)"),
      option("reduce_op", &Activate2::reduce_op,
             "how the results are reduced: add, maximum, minimum, abs_max or abs_min"),
      option("reduce_res", &Activate2::reduce_res,
             "[partitions, 1], receives the accumulators after the instruction"),
      option("reduce_cmd", &Activate2::reduce_cmd,
             "what to do with the Scalar engine's accumulators")};

  void check(const Context& context, Report& report) const;
  void execute(TileMemory& memory) const;
};

}  // namespace kiln
