// nki.isa.nonzero_with_count.
#pragma once

#include "kiln/isa/context.h"
#include "kiln/isa/operand.h"
#include "kiln/isa/spec.h"
#include "kiln/isa/tile_memory.h"

namespace kiln {

class Report;

// Partitions 0, 16, 32, … alone take part: each GpSimd core works on the first of its 16.
struct NonzeroWithCount {
  static constexpr int64_t partition_step = 16;

  InOut dst;
  In src;
  int32_t index_offset = 0;
  int32_t padding_val = -1;

  static constexpr Spec spec{
      .name = "nonzero_with_count",
      .engines = Engine::gpsimd,
      .since = Generation::gen3,
      .summary =
          "Numbers of the elements that are not 0, padding, and their count, in every 16th "
          "partition."};
  static constexpr std::tuple fields{
      Field{"dst", &NonzeroWithCount::dst, "int32, one element per partition more than src; SBUF"},
      Field{"src", &NonzeroWithCount::src, "float32 or int32; SBUF"},
      option("index_offset", &NonzeroWithCount::index_offset, "added to each number"),
      option("padding_val", &NonzeroWithCount::padding_val,
             "between the last number and the count")};

  void check(const Context& context, Report& report) const;
  void execute(TileMemory& memory) const;
};

}  // namespace kiln
