// nki.isa.topk.
#pragma once

#include "kiln/isa/context.h"
#include "kiln/isa/operand.h"
#include "kiln/isa/spec.h"
#include "kiln/isa/tile_memory.h"

namespace kiln {

class Report;

// A group of 16 partitions is one sequence in snake order: element i is in partition i % 16, column
// i / 16. K is the number of columns of val_dst. The results are a sequence in the same order:
// value j, counted from the smallest, and its element number are in partition j % 16, column j /
// 16; the other columns stay as they are. NaN ranks below all numbers; of equal elements the first
// rank highest.
struct Topk {
  static constexpr int64_t group = 16;  // partitions
  static constexpr int64_t n_end = 65536, k_end = 32768;

  InOut val_dst;
  InOut idx_dst;
  In src;
  int32_t n = 0;

  static constexpr Spec spec{
      .name = "topk",
      .engines = Engine::gpsimd,
      .summary =
          "The K largest of n elements in each 16 partitions, ascending, and where they were.",
      .law = {.rate = Rate::elements, .cycles = 64}};
  static constexpr std::tuple fields{
      Field{"val_dst", &Topk::val_dst, "receives the values; bfloat16, K columns; SBUF"},
      Field{"idx_dst", &Topk::idx_dst, "receives the element numbers; uint32, K columns; SBUF"},
      Field{"src", &Topk::src, "bfloat16, n elements in each 16 partitions; SBUF"},
      Field{"n", &Topk::n, "elements in each 16 partitions, 8 to 65535"}};

  void check(const Context& context, Report& report) const;
  void execute(TileMemory& memory) const;
};

}  // namespace kiln
