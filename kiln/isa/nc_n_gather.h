// nki.isa.nc_n_gather.
#pragma once

#include "kiln/isa/context.h"
#include "kiln/isa/operand.h"
#include "kiln/isa/spec.h"
#include "kiln/isa/tile_memory.h"

namespace kiln {

class Report;

struct NcNGather {
  Out dst;
  In data;
  In indices;

  static constexpr Spec spec{.name = "nc_n_gather",
                             .engines = Engine::gpsimd,
                             .summary =
                                 "dst = the elements of each partition of data that the "
                                 "partition's indices name."};
  static constexpr std::tuple fields{
      Field{"dst", &NcNGather::dst, "as many elements per partition as indices; SBUF"},
      Field{"data", &NcNGather::data, "what to gather from, of the type of dst; SBUF"},
      Field{"indices", &NcNGather::indices, "uint32 element numbers within the partition; SBUF"}};

  void check(const Context& context, Report& report) const;
  void execute(TileMemory& memory) const;
};

}  // namespace kiln
