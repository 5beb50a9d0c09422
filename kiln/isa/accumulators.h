// Accumulators: an engine's accumulator registers as one instruction with a reduce_cmd uses them,
// and the rules for such an instruction.
#pragma once

#include <span>

#include "kiln/isa/alu_op.h"
#include "kiln/isa/operand.h"
#include "kiln/isa/rules.h"
#include "kiln/isa/tile_memory.h"

namespace kiln {

class Accumulators {
 public:
  // The registers of the partitions that `tile` occupies, reset if the command says so.
  Accumulators(TileMemory& memory, Engine engine, ViewId tile, AluOp op, ReduceCmd cmd);

  // Reduces a value into partition p's register, if the command says so. Values are taken one at a
  // time, in the order of the free dimension.
  void add(int64_t p, float value) {
    if (!reduces_) return;
    float& total = registers_[static_cast<size_t>(p)];
    total = apply(op_, total, value);
  }
  // Writes the registers to a [partitions, 1] tile, if it is given.
  void read_out(TileMemory& memory, const OptionalOut& reduce_res) const;

 private:
  std::span<float> registers_;
  AluOp op_;
  bool reduces_;
};

constexpr bool resets(ReduceCmd cmd) {
  return cmd == ReduceCmd::reset || cmd == ReduceCmd::reset_reduce;
}
constexpr bool reduces(ReduceCmd cmd) {
  return cmd == ReduceCmd::reduce || cmd == ReduceCmd::reset_reduce;
}

namespace rules {

// reduce_res, if given, is [partitions of `data`, 1]; reduce_cmd does not load, because the
// instruction has no value to load.
void accumulation(const Context& context, Report& report, ReduceCmd cmd,
                  const OptionalOut& reduce_res, const NamedTile& data);

}  // namespace rules

}  // namespace kiln
