// Arithmetic of the sequencers on registers.
#pragma once

#include "kiln/isa/alu_op.h"
#include "kiln/isa/control.h"

namespace kiln {

struct RegisterAlu {
  OutRegister dst;
  RegisterOrInt a;
  RegisterOrInt b;
  AluOp op = AluOp::none;

  static constexpr Spec spec{.name = "register_alu",
                             .engines = every_sequencer,
                             .summary = "dst = a op b, on signed 32-bit integers.",
                             .module = "nki.register",
                             .law = {.rate = Rate::sequencer, .evidence = Evidence::assumed}};
  static constexpr std::tuple fields{
      result("dst", &RegisterAlu::dst, "receives the result"),
      Field{"a", &RegisterAlu::a, "left operand, a register or a constant"},
      Field{"b", &RegisterAlu::b, "right operand, a register or a constant"},
      Field{
          "op", &RegisterAlu::op,
          "arithmetic modulo 2^32 (division truncates, by zero it gives 0), comparison or bitwise "
          "operator of two operands"}};

  void check(const Context& context, Report& report) const;
  void execute(TileMemory& memory) const;
};

}  // namespace kiln
