// nki.isa.nc_stream_shuffle.
#pragma once

#include "kiln/isa/context.h"
#include "kiln/isa/operand.h"
#include "kiln/isa/spec.h"
#include "kiln/isa/tile_memory.h"

namespace kiln {

class Report;

struct NcStreamShuffle {
  static constexpr int64_t quadrant = 32;  // partitions

  InOut dst;
  In src;
  ShuffleMask shuffle_mask;

  static constexpr Spec spec{
      .name = "nc_stream_shuffle",
      .engines = Engine::vector,
      .summary = "Copies rows between partitions within each quadrant of 32 partitions.",
      .law = {.rate = Rate::elements,
              .fixed_cycles = 136.9,
              .source = sources::voyager,
              .evidence = Evidence::measured}};
  static constexpr std::tuple fields{
      Field{"dst", &NcStreamShuffle::dst, "receives the rows; SBUF or PSUM, may be src"},
      Field{"src", &NcStreamShuffle::src, "gives the rows; SBUF or PSUM"},
      Field{"shuffle_mask", &NcStreamShuffle::shuffle_mask,
            "source partition for each partition of a quadrant; 255 leaves it as it is"}};

  void check(const Context& context, Report& report) const;
  void execute(TileMemory& memory) const;
};

}  // namespace kiln
