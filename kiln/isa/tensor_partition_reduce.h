// nki.isa.tensor_partition_reduce.
#pragma once

#include "kiln/isa/alu_op.h"
#include "kiln/isa/context.h"
#include "kiln/isa/operand.h"
#include "kiln/isa/spec.h"
#include "kiln/isa/tile_memory.h"

namespace kiln {

class Report;

// Arithmetic runs in float32, strictly from the first partition to the last.
struct TensorPartitionReduce {
  Out dst;
  AluOp op = AluOp::none;
  In data;

  static constexpr Spec spec{.name = "tensor_partition_reduce",
                             .engines = Engine::gpsimd,
                             .summary = "Reduces data over its partitions with op."};
  static constexpr std::tuple fields{
      Field{"dst", &TensorPartitionReduce::dst,
            "one partition, as many elements as a partition of data; SBUF"},
      Field{"op", &TensorPartitionReduce::op, "add, average, maximum, bitwise_or or bitwise_and"},
      Field{"data", &TensorPartitionReduce::data, "input; SBUF"}};

  void check(const Context& context, Report& report) const;
  void execute(TileMemory& memory) const;
};

}  // namespace kiln
