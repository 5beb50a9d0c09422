// Loops and registers: what the engines' sequencers execute. A program's code is one flat list;
// loop/end_loop and while_loop/end_while nest like brackets (Program::partner finds the other end).
#pragma once

#include "kiln/isa/context.h"
#include "kiln/isa/operand.h"
#include "kiln/isa/spec.h"
#include "kiln/isa/tile_memory.h"

namespace kiln {

class Report;

inline constexpr EngineSet every_sequencer =
    Engine::tensor | Engine::vector | Engine::scalar | Engine::gpsimd | Engine::sync;

// counter = lower, lower + step, … while below upper; bounds are read once, at entry.
struct Loop {
  OutRegister counter;
  RegisterOrInt lower;
  RegisterOrInt upper;
  int32_t step = 1;

  static constexpr Spec spec{.name = "loop",
                             .engines = every_sequencer,
                             .summary = "Repeats the body for counter in [lower, upper).",
                             .law = {.rate = Rate::sequencer, .evidence = Evidence::assumed}};
  static constexpr std::tuple fields{
      Field{"counter", &Loop::counter, "register that holds the iteration value in the body"},
      Field{"lower", &Loop::lower, "first value"},
      Field{"upper", &Loop::upper, "end value, not reached"},
      option("step", &Loop::step, "compile-time step, 1 or more")};

  void check(const Context& context, Report& report) const;
};

struct EndLoop {
  static constexpr Spec spec{.name = "end_loop",
                             .engines = every_sequencer,
                             .summary = "Ends the body of the innermost loop.",
                             .law = {.rate = Rate::sequencer, .evidence = Evidence::assumed}};
  static constexpr std::tuple fields{};

  void check(const Context&, Report&) const {}
};

// Repeats the body while the register is not zero, testing before each iteration.
struct WhileLoop {
  Register condition;

  static constexpr Spec spec{.name = "while_loop",
                             .engines = every_sequencer,
                             .summary = "Repeats the body while condition is not zero.",
                             .law = {.rate = Rate::sequencer, .evidence = Evidence::assumed}};
  static constexpr std::tuple fields{
      Field{"condition", &WhileLoop::condition, "register tested before each iteration"}};

  void check(const Context& context, Report& report) const;
};

struct EndWhile {
  static constexpr Spec spec{.name = "end_while",
                             .engines = every_sequencer,
                             .summary = "Ends the body of the innermost while loop.",
                             .law = {.rate = Rate::sequencer, .evidence = Evidence::assumed}};
  static constexpr std::tuple fields{};

  void check(const Context&, Report&) const {}
};

struct RegisterMove {
  OutRegister dst;
  RegisterOrInt src;

  static constexpr Spec spec{.name = "register_move",
                             .engines = every_sequencer,
                             .summary = "dst = src, a register or a constant.",
                             .law = {.rate = Rate::sequencer, .evidence = Evidence::assumed}};
  static constexpr std::tuple fields{
      Field{"dst", &RegisterMove::dst, "register to set"},
      Field{"src", &RegisterMove::src, "register or compile-time integer"}};

  void check(const Context& context, Report& report) const;
  void execute(TileMemory& memory) const;
};

struct RegisterLoad {
  OutRegister dst;
  In src;

  static constexpr Spec spec{.name = "register_load",
                             .engines = every_sequencer,
                             .summary = "Loads a tensor's one element into a register.",
                             .law = {.rate = Rate::sequencer, .evidence = Evidence::assumed}};
  static constexpr std::tuple fields{
      Field{"dst", &RegisterLoad::dst, "register to set"},
      Field{"src", &RegisterLoad::src, "tensor of one element in HBM or SBUF"}};

  void check(const Context& context, Report& report) const;
  void execute(TileMemory& memory) const;
};

struct RegisterStore {
  Out dst;
  Register src;

  static constexpr Spec spec{.name = "register_store",
                             .engines = every_sequencer,
                             .summary = "Stores a register into a tensor's one element.",
                             .law = {.rate = Rate::sequencer, .evidence = Evidence::assumed}};
  static constexpr std::tuple fields{
      Field{"dst", &RegisterStore::dst, "tensor of one element in HBM or SBUF"},
      Field{"src", &RegisterStore::src, "register to store"}};

  void check(const Context& context, Report& report) const;
  void execute(TileMemory& memory) const;
};

}  // namespace kiln
