// nki.isa.tensor_scalar.
#pragma once

#include "kiln/isa/alu_op.h"
#include "kiln/isa/context.h"
#include "kiln/isa/operand.h"
#include "kiln/isa/spec.h"
#include "kiln/isa/tile_memory.h"

namespace kiln {

class Report;

struct TensorScalar {
  Out dst;
  In data;
  AluOp op0 = AluOp::none;  // none leaves the stage out
  InOrScalar operand0;
  bool reverse0 = false;
  AluOp op1 = AluOp::none;
  InOrScalar operand1;
  bool reverse1 = false;
  Engine engine = Engine::unknown;

  static constexpr Spec spec{
      .name = "tensor_scalar",
      .engines = Engine::vector | Engine::scalar | Engine::gpsimd,
      .summary = "dst = (data op0 operand0) op1 operand1, with one operand value per partition.",
      .indirect = {"dst", "data"},
      .law = {.rate = Rate::copy,
              .fixed_cycles = 153.9,
              .source = sources::voyager,
              .evidence = Evidence::measured}};
  static constexpr std::tuple fields{
      Field{"dst", &TensorScalar::dst, "receives the result; SBUF or PSUM"},
      Field{"data", &TensorScalar::data, "input; SBUF or PSUM"},
      option("op0", &TensorScalar::op0, "first operator of the ALU table, or None to skip it"),
      option("operand0", &TensorScalar::operand0,
             "constant, or tile [partitions, 1]; None or 0 for a unary operator"),
      option("reverse0", &TensorScalar::reverse0, "compute operand0 op0 data"),
      option("op1", &TensorScalar::op1, "second operator, of the kind of the first, or None"),
      option("operand1", &TensorScalar::operand1, "as operand0"),
      option("reverse1", &TensorScalar::reverse1, "compute operand1 op1 (data op0 operand0)"),
      option("engine", &TensorScalar::engine,
             "vector, scalar, gpsimd, or unknown to let Kiln choose")};

  void check(const Context& context, Report& report) const;
  void execute(TileMemory& memory) const;

  // Works on bit patterns of integers instead of float32.
  bool bitvec() const { return info(op0).bitvec || info(op1).bitvec; }
};

}  // namespace kiln
