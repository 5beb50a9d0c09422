// One stage of an instruction that works with one value for each partition: an operator and its
// operand, a constant or a tile [partitions, 1].
#pragma once

#include <string_view>

#include "kiln/isa/operand.h"
#include "kiln/isa/rules.h"

namespace kiln {

// With their argument names, and the engine asked for.
struct OperandStage {
  std::string_view op_name;
  AluOp op;
  std::string_view operand_name;
  const InOrScalar& operand;
  Engine engine = Engine::unknown;
};

namespace rules {

// The generation has the operator. The operand is there if the operator takes one, and fits it: an
// integer for bitvec operators, else a constant or a float32 tile, [partitions of `data`, 1].
void operand_stage(const Context& context, Report& report, const OperandStage& stage,
                   const NamedTile& data);

}  // namespace rules
}  // namespace kiln
