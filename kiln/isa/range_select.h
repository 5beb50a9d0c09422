// nki.isa.range_select.
#pragma once

#include <limits>

#include "kiln/isa/alu_op.h"
#include "kiln/isa/context.h"
#include "kiln/isa/operand.h"
#include "kiln/isa/spec.h"
#include "kiln/isa/tile_memory.h"

namespace kiln {

class Report;

struct RangeSelect {
  // The only constant the device can fill with.
  static constexpr float fill = std::numeric_limits<float>::lowest();

  Out dst;
  In on_true_tile;
  AluOp comp_op0 = AluOp::none;
  AluOp comp_op1 = AluOp::none;
  In bound0;
  In bound1;
  ReduceCmd reduce_cmd = ReduceCmd::reset_reduce;
  OptionalOut reduce_res;
  AluOp reduce_op = AluOp::maximum;
  int32_t range_start = 0;
  float on_false_value = fill;

  static constexpr Spec spec{
      .name = "range_select",
      .engines = Engine::vector,
      .since = Generation::gen3,
      .summary =
          "dst = on_true_tile where the column number lies within two bounds, else the "
          "lowest float32; and the maximum for each partition.",
      .law = {.rate = Rate::elements}};
  static constexpr std::tuple fields{
      Field{"dst", &RangeSelect::dst, "receives the selection; SBUF or PSUM"},
      Field{"on_true_tile", &RangeSelect::on_true_tile, "taken where both comparisons hold"},
      Field{"comp_op0", &RangeSelect::comp_op0, "comparison of the column number with bound0"},
      Field{"comp_op1", &RangeSelect::comp_op1, "comparison of the column number with bound1"},
      Field{"bound0", &RangeSelect::bound0, "float32 [partitions, 1]"},
      Field{"bound1", &RangeSelect::bound1, "float32 [partitions, 1]"},
      option("reduce_cmd", &RangeSelect::reduce_cmd,
             "what to do with the Vector engine's accumulators"),
      option("reduce_res", &RangeSelect::reduce_res,
             "[partitions, 1], receives the accumulators after the instruction"),
      option("reduce_op", &RangeSelect::reduce_op, "how the selection is reduced; maximum"),
      option("range_start", &RangeSelect::range_start, "number of the first column"),
      option("on_false_value", &RangeSelect::on_false_value,
             "taken elsewhere; the lowest float32 and no other")};

  void check(const Context& context, Report& report) const;
  void execute(TileMemory& memory) const;
};

}  // namespace kiln
