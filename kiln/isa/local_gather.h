// nki.isa.local_gather.
#pragma once

#include "kiln/isa/context.h"
#include "kiln/isa/operand.h"
#include "kiln/isa/spec.h"
#include "kiln/isa/tile_memory.h"

namespace kiln {

class Report;

struct LocalGather {
  static constexpr int64_t group = 16;  // partitions that share their indices
  static constexpr int64_t indices_max = 4096;

  Out dst;
  In src_buffer;
  In index;
  int32_t num_elem_per_idx = 1;
  int32_t num_valid_indices = 0;

  // Of one group, if the index tile has this many elements per partition.
  int64_t index_count(int64_t index_elements) const {
    return num_valid_indices != 0 ? num_valid_indices : index_elements * group;
  }

  static constexpr Spec spec{
      .name = "local_gather",
      .engines = Engine::gpsimd,
      .summary = "Gathers elements of each partition by indices that 16 partitions share."};
  static constexpr std::tuple fields{
      Field{"dst", &LocalGather::dst,
            "num_valid_indices * num_elem_per_idx elements per partition; SBUF"},
      Field{"src_buffer", &LocalGather::src_buffer,
            "what to gather from, of the type of dst; SBUF"},
      Field{"index", &LocalGather::index,
            "uint16 element numbers; the 16 partitions of a group, column by column; SBUF"},
      option("num_elem_per_idx", &LocalGather::num_elem_per_idx,
             "elements from each index on: 1, 2, 4, 8, 16 or 32"),
      option("num_valid_indices", &LocalGather::num_valid_indices,
             "how many of a group's indices are used; without it all")};

  void check(const Context& context, Report& report) const;
  void execute(TileMemory& memory) const;
};

}  // namespace kiln
