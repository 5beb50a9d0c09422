// nki.isa.nc_find_index8.
#pragma once

#include "kiln/isa/context.h"
#include "kiln/isa/eight_values.h"
#include "kiln/isa/operand.h"
#include "kiln/isa/spec.h"
#include "kiln/isa/tile_memory.h"

namespace kiln {

class Report;

struct NcFindIndex8 {
  Out dst;
  In data;
  In vals;
  int32_t missing = -1;

  static constexpr Spec spec{.name = "nc_find_index8",
                             .engines = Engine::vector,
                             .summary =
                                 "dst = where in its partition of data each of 8 values is; equal "
                                 "ones one after another.",
                             .law = {.rate = Rate::elements}};
  static constexpr std::tuple fields{
      Field{"dst", &NcFindIndex8::dst, "uint16 or uint32, 8 elements per partition; SBUF or PSUM"},
      Field{"data", &NcFindIndex8::data, "8 to 16384 elements per partition; SBUF or PSUM"},
      Field{"vals", &NcFindIndex8::vals, "8 values per partition to look for; SBUF or PSUM"},
      by_release("missing", &NcFindIndex8::missing, int32_t{0},
                 "the index of a value that is not in data; its low bits if dst is uint16")};

  void check(const Context& context, Report& report) const;
  void execute(TileMemory& memory) const;
};

}  // namespace kiln
