// nki.isa.nc_match_replace8.
#pragma once

#include "kiln/isa/context.h"
#include "kiln/isa/eight_values.h"
#include "kiln/isa/operand.h"
#include "kiln/isa/spec.h"
#include "kiln/isa/tile_memory.h"

namespace kiln {

class Report;

// Each element of data is replaced by one of the values at most, and what was replaced is not
// looked at again.
struct NcMatchReplace8 {
  Out dst;
  In data;
  In vals;
  float imm = 0;
  OptionalOut dst_idx;
  Duplicates duplicates = Duplicates::descending;
  int32_t missing = -1;

  static constexpr Spec spec{
      .name = "nc_match_replace8",
      .engines = Engine::vector,
      .summary = "dst = data with the first occurrence of each of 8 values replaced by imm.",
      .law = {.rate = Rate::elements}};
  static constexpr std::tuple fields{
      Field{"dst", &NcMatchReplace8::dst, "receives the result, may be data; SBUF or PSUM"},
      Field{"data", &NcMatchReplace8::data, "up to 16384 elements per partition; SBUF or PSUM"},
      Field{"vals", &NcMatchReplace8::vals, "8 values per partition to look for; SBUF or PSUM"},
      Field{"imm", &NcMatchReplace8::imm, "what takes their place"},
      option("dst_idx", &NcMatchReplace8::dst_idx,
             "receives where they were; uint16 or uint32, 8 elements per partition"),
      by_release("duplicates", &NcMatchReplace8::duplicates, Duplicates::ascending,
                 "which occurrences equal values find"),
      by_release("missing", &NcMatchReplace8::missing, int32_t{0},
                 "the index of a value that is not in data; its low bits if dst_idx is uint16")};

  void check(const Context& context, Report& report) const;
  void execute(TileMemory& memory) const;
};

}  // namespace kiln
