// nki.isa.tensor_tensor_scan.
#pragma once

#include "kiln/isa/alu_op.h"
#include "kiln/isa/context.h"
#include "kiln/isa/operand.h"
#include "kiln/isa/spec.h"
#include "kiln/isa/tile_memory.h"

namespace kiln {

class Report;

// The state of the scan stays float32 from element to element, whatever the type of dst.
struct TensorTensorScan {
  Out dst;
  In data0;
  In data1;
  InOrScalar initial;
  AluOp op0 = AluOp::none;
  AluOp op1 = AluOp::none;
  bool reverse0 = false;
  bool reverse1 = false;

  static constexpr Spec spec{
      .name = "tensor_tensor_scan",
      .engines = Engine::vector,
      .summary = "Along each partition, state = (data0 op0 state) op1 data1 and dst = state.",
      .law = {.rate = Rate::elements,
              .cycles = 2,
              .fixed_cycles = 151.4,
              .source = sources::voyager,
              .evidence = Evidence::measured}};
  static constexpr std::tuple fields{
      Field{"dst", &TensorTensorScan::dst, "receives every state; SBUF or PSUM"},
      Field{"data0", &TensorTensorScan::data0, "combined with the state by op0"},
      Field{"data1", &TensorTensorScan::data1, "right operand of op1; not in PSUM if data0 is"},
      Field{"initial", &TensorTensorScan::initial,
            "state before the first element: a constant, or tile [partitions, 1]"},
      Field{"op0", &TensorTensorScan::op0, "first arithmetic operator"},
      Field{"op1", &TensorTensorScan::op1, "second arithmetic operator"},
      option("reverse0", &TensorTensorScan::reverse0, "compute state op0 data0"),
      option("reverse1", &TensorTensorScan::reverse1, "compute data1 op1 (data0 op0 state)")};

  void check(const Context& context, Report& report) const;
  void execute(TileMemory& memory) const;
};

}  // namespace kiln
