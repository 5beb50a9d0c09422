// nki.isa.tensor_reduce.
#pragma once

#include "kiln/isa/alu_op.h"
#include "kiln/isa/context.h"
#include "kiln/isa/operand.h"
#include "kiln/isa/spec.h"
#include "kiln/isa/tile_memory.h"

namespace kiln {

class Report;

// A float32 reduction runs strictly from the first element to the last, as the device does; the
// bits of the result depend on it.
struct TensorReduce {
  Out dst;
  AluOp op = AluOp::none;
  In data;
  Axes axis;
  bool negate = false;
  bool keepdims = false;  // says how the caller shapes dst; the elements are the same

  static constexpr Spec spec{.name = "tensor_reduce",
                             .engines = Engine::vector,
                             .summary = "Reduces the last free dimensions of data with op.",
                             .indirect = {"dst", "data"},
                             .law = {.rate = Rate::elements,
                                     .fixed_cycles = 146.8,
                                     .source = sources::voyager,
                                     .evidence = Evidence::measured}};
  static constexpr std::tuple fields{
      Field{"dst", &TensorReduce::dst, "one element for each combination of the other dimensions"},
      Field{"op", &TensorReduce::op, "reduction operator of the ALU table"},
      Field{"data", &TensorReduce::data, "input; SBUF or PSUM"},
      Field{"axis", &TensorReduce::axis, "dimensions to reduce: the last ones, not dimension 0"},
      option("negate", &TensorReduce::negate, "multiply the result by -1; arithmetic op only"),
      option("keepdims", &TensorReduce::keepdims, "reduced dimensions stay, with size 1")};

  void check(const Context& context, Report& report) const;
  void execute(TileMemory& memory) const;
};

}  // namespace kiln
