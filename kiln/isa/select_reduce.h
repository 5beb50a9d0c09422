// nki.isa.select_reduce.
#pragma once

#include "kiln/isa/alu_op.h"
#include "kiln/isa/context.h"
#include "kiln/isa/operand.h"
#include "kiln/isa/spec.h"
#include "kiln/isa/tile_memory.h"

namespace kiln {

class Report;

struct SelectReduce {
  Out dst;
  In predicate;
  In on_true;
  InOrScalar on_false;
  OptionalOut reduce_res;
  ReduceCmd reduce_cmd = ReduceCmd::idle;
  AluOp reduce_op = AluOp::maximum;
  bool reverse_pred = false;

  static constexpr Spec spec{
      .name = "select_reduce",
      .engines = Engine::vector,
      .summary =
          "dst = on_true where predicate is not 0, else on_false; and the maximum for each "
          "partition.",
      .law = {.rate = Rate::elements, .cycles = 1.065, .evidence = Evidence::assumed}};
  static constexpr std::tuple fields{
      Field{"dst", &SelectReduce::dst, "receives the selection; SBUF or PSUM"},
      Field{"predicate", &SelectReduce::predicate,
            "int8, uint8, int16 or uint16; SBUF, or PSUM if on_true is in SBUF"},
      Field{"on_true", &SelectReduce::on_true, "taken where the predicate is not 0"},
      Field{"on_false", &SelectReduce::on_false,
            "taken elsewhere; a constant or a tile [partitions, 1]"},
      option("reduce_res", &SelectReduce::reduce_res,
             "[partitions, 1], receives the accumulators after the instruction"),
      option("reduce_cmd", &SelectReduce::reduce_cmd,
             "what to do with the Vector engine's accumulators: idle, reset_reduce or reduce"),
      option("reduce_op", &SelectReduce::reduce_op, "how the selection is reduced; maximum"),
      option("reverse_pred", &SelectReduce::reverse_pred,
             "take on_true where the predicate is 0 instead")};

  void check(const Context& context, Report& report) const;
  void execute(TileMemory& memory) const;
};

}  // namespace kiln
