// nki.isa.scalar_tensor_tensor.
#pragma once

#include "kiln/isa/alu_op.h"
#include "kiln/isa/context.h"
#include "kiln/isa/operand.h"
#include "kiln/isa/spec.h"
#include "kiln/isa/tile_memory.h"

namespace kiln {

class Report;

struct ScalarTensorTensor {
  Out dst;
  In data;
  AluOp op0 = AluOp::none;
  InOrScalar operand0;
  AluOp op1 = AluOp::none;
  In operand1;
  bool reverse0 = false;
  bool reverse1 = false;

  static constexpr Spec spec{
      .name = "scalar_tensor_tensor",
      .engines = Engine::vector,
      .summary = "dst = (data op0 operand0) op1 operand1, where only operand1 is a full tile.",
      .ignored = "dtype",
      .law = {.rate = Rate::pair}};
  static constexpr std::tuple fields{
      Field{"dst", &ScalarTensorTensor::dst, "receives the result; SBUF or PSUM"},
      Field{"data", &ScalarTensorTensor::data, "input; SBUF or PSUM"},
      Field{"op0", &ScalarTensorTensor::op0, "first arithmetic operator"},
      Field{"operand0", &ScalarTensorTensor::operand0, "constant, or tile [partitions, 1]"},
      Field{"op1", &ScalarTensorTensor::op1, "second arithmetic operator, of two operands"},
      Field{"operand1", &ScalarTensorTensor::operand1,
            "tile of the size of data; not in PSUM if data is"},
      option("reverse0", &ScalarTensorTensor::reverse0, "compute operand0 op0 data"),
      option("reverse1", &ScalarTensorTensor::reverse1,
             "compute operand1 op1 (data op0 operand0)")};

  void check(const Context& context, Report& report) const;
  void execute(TileMemory& memory) const;
};

}  // namespace kiln
