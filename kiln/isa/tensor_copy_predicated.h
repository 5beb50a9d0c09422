// nki.isa.tensor_copy_predicated.
#pragma once

#include "kiln/isa/context.h"
#include "kiln/isa/operand.h"
#include "kiln/isa/spec.h"
#include "kiln/isa/tile_memory.h"

namespace kiln {

class Report;

struct TensorCopyPredicated {
  InOut dst;
  InOrScalar src;
  In predicate;
  bool reverse_pred = false;

  static constexpr Spec spec{.name = "tensor_copy_predicated",
                             .engines = Engine::vector,
                             .summary = "dst = src where the predicate is not 0.",
                             .indirect = {"dst", "predicate"},
                             .law = {.rate = Rate::elements,
                                     .cycles = 1.065,
                                     .fixed_cycles = 149.3,
                                     .source = sources::voyager,
                                     .evidence = Evidence::measured}};
  static constexpr std::tuple fields{
      Field{"dst", &TensorCopyPredicated::dst, "keeps its elements where nothing is copied"},
      Field{"src", &TensorCopyPredicated::src, "tile of the type of dst, or a constant"},
      Field{"predicate", &TensorCopyPredicated::predicate,
            "uint8, uint16 or uint32 tile; not in PSUM if src is"},
      option("reverse_pred", &TensorCopyPredicated::reverse_pred,
             "copy where the predicate is 0 instead")};

  void check(const Context& context, Report& report) const;
  void execute(TileMemory& memory) const;
};

}  // namespace kiln
