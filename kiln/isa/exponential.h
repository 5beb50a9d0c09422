// nki.isa.exponential.
#pragma once

#include "kiln/isa/context.h"
#include "kiln/isa/operand.h"
#include "kiln/isa/spec.h"
#include "kiln/isa/tile_memory.h"

namespace kiln {

class Report;

struct Exponential {
  static constexpr int rank_max = 4;

  Out dst;
  In src;
  InOrScalar max_value = 0.0f;
  OptionalOut reduce_res;
  ReduceCmd reduce_cmd = ReduceCmd::idle;
  InOrScalar reduce_init = 0.0f;

  static constexpr Spec spec{
      .name = "exponential",
      .engines = Engine::vector,
      .since = Generation::gen4,
      .summary = "dst = exp(src - max_value), and a sum of the results for each partition.",
      .indirect = {"dst", "src"},
      .law = {.rate = Rate::elements, .cycles = 0.25, .source = sources::gen4_guide}};
  static constexpr std::tuple fields{
      Field{"dst", &Exponential::dst, "receives the result; SBUF or PSUM"},
      Field{"src", &Exponential::src, "input; SBUF or PSUM"},
      option("max_value", &Exponential::max_value,
             "subtracted first; a constant or a float32 [partitions, 1]"),
      option("reduce_res", &Exponential::reduce_res,
             "[partitions, 1], receives the accumulators after the instruction"),
      option("reduce_cmd", &Exponential::reduce_cmd,
             "what to do with the Vector engine's accumulators: idle, reset_reduce, reduce or "
             "load_reduce"),
      option("reduce_init", &Exponential::reduce_init,
             "what load_reduce loads; a constant or a float32 [partitions, 1]")};

  void check(const Context& context, Report& report) const;
  void execute(TileMemory& memory) const;
};

}  // namespace kiln
