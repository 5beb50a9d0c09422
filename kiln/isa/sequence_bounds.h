// nki.isa.sequence_bounds.
#pragma once

#include "kiln/isa/context.h"
#include "kiln/isa/operand.h"
#include "kiln/isa/spec.h"
#include "kiln/isa/tile_memory.h"

namespace kiln {

class Report;

// A segment is a run of elements with the same id. Id 0 is padding: its start is n and its end -1.
struct SequenceBounds {
  Out dst;
  In segment_ids;

  static constexpr Spec spec{
      .name = "sequence_bounds",
      .engines = Engine::gpsimd,
      .summary = "dst = where the segment of each of n elements starts, then where each ends."};
  static constexpr std::tuple fields{
      Field{"dst", &SequenceBounds::dst, "float32 or int32, [1, 2, n]; SBUF"},
      Field{"segment_ids", &SequenceBounds::segment_ids,
            "float32 or int32, [1, n], not negative; SBUF"}};

  void check(const Context& context, Report& report) const;
  void execute(TileMemory& memory) const;
};

}  // namespace kiln
