// Accumulators: an engine's accumulator registers as one instruction with a reduce_cmd uses them,
// and the rules for such an instruction.
#pragma once

#include <span>

#include "kiln/isa/alu_op.h"
#include "kiln/isa/operand_value.h"
#include "kiln/isa/rules.h"
#include "kiln/isa/tile_memory.h"

namespace kiln {

class Accumulators {
 public:
  // The registers of the partitions that `tile` occupies, reset or loaded with `initial` if the
  // command says so.
  Accumulators(TileMemory& memory, Engine engine, ViewId tile, AluOp op, ReduceCmd cmd,
               const InOrScalar& initial = {});

  AluOp op() const { return op_; }
  bool reducing() const { return reduces_; }

  // Partition p's register.
  float& operator[](int64_t p) { return registers_[static_cast<size_t>(p)]; }

  // Reduces a value into partition p's register, if the command says so. Values are taken one at a
  // time, in the order of the free dimension.
  void add(int64_t p, float value) {
    if (!reduces_) return;
    float& total = registers_[static_cast<size_t>(p)];
    total = apply(op_, total, value);
  }
  // Writes the registers, or their negatives, to a [partitions, 1] tile, if it is given.
  void read_out(TileMemory& memory, const OptionalOut& reduce_res, bool negate = false) const;

 private:
  std::span<float> registers_;
  AluOp op_;
  bool reduces_;
};

constexpr bool resets(ReduceCmd cmd) {
  return cmd == ReduceCmd::reset || cmd == ReduceCmd::reset_reduce;
}
constexpr bool reduces(ReduceCmd cmd) {
  return cmd == ReduceCmd::reduce || cmd == ReduceCmd::reset_reduce ||
         cmd == ReduceCmd::load_reduce;
}

namespace rules {

// The instruction has the command.
bool reduce_cmd_is(Report& report, ReduceCmd cmd, std::initializer_list<ReduceCmd> allowed);

// reduce_res, if given, is [partitions of `data`, 1].
void accumulator_result(const Context& context, Report& report, const OptionalOut& reduce_res,
                        const NamedTile& data);

// What load_reduce loads is a constant or a float32 tile, [partitions of `data`, 1].
void accumulator_start(const Context& context, Report& report, ReduceCmd cmd, std::string_view name,
                       const InOrScalar& initial, const NamedTile& data);

// Nothing but 0 is given to commands that do not load it.
void only_loaded(Report& report, ReduceCmd cmd, std::string_view name, const InOrScalar& initial);

// As accumulator_result; and reduce_cmd does not load, because the instruction has no value to
// load.
void accumulation(const Context& context, Report& report, ReduceCmd cmd,
                  const OptionalOut& reduce_res, const NamedTile& data);

}  // namespace rules

}  // namespace kiln
