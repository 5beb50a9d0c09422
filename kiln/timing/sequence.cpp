#include "kiln/timing/sequence.h"

#include <fmt/format.h>

#include <numeric>

#include "kiln/isa/roles.h"
#include "kiln/isa/tile_memory.h"

namespace kiln {

namespace {

Error too_many(size_t steps_max) {
  return Error{fmt::format("more than {} instructions are executed", steps_max)};
}

class Walk {
 public:
  Walk(const Program& program, size_t steps_max)
      : program_(program),
        steps_max_(steps_max),
        partners_(loop_partners(program)),
        memory_(program.tiles, program.register_count),
        known_(static_cast<size_t>(program.register_count)) {}

  Result<std::vector<uint32_t>> run() {
    for (size_t i = 0; i < program_.code.size();) {
      // Loops count, too: one with nothing in it may be endless.
      if (executed_++ == steps_max_) return too_many(steps_max_);
      const Instruction& instruction = program_.code[i];
      if (unknown(instruction)) return depends_on_data(i);
      if (loop_depth_change(program_, i) != 0) {
        i = follow(i);
        continue;
      }
      std::visit([&](const auto& in) { set_registers(in); }, instruction);
      steps_.push_back(static_cast<uint32_t>(i++));
    }
    return std::move(steps_);
  }

 private:
  struct Iteration {
    int64_t next, upper;
  };

  Error depends_on_data(size_t i) const {
    return Error{fmt::format("the loop at {} depends on values in memory",
                             program_.files.describe(program_.locations[i]))};
  }

  bool is_known(RegisterOrInt value) const {
    return !value.is_register() || known_[value.reg.value];
  }

  // Whether it is a loop whose length nobody knows here.
  bool unknown(const Instruction& instruction) const {
    if (const auto* loop = std::get_if<Loop>(&instruction)) {
      return !is_known(loop->lower) || !is_known(loop->upper);
    }
    if (const auto* loop = std::get_if<WhileLoop>(&instruction)) {
      return !known_[loop->condition.id.value];
    }
    return false;
  }

  size_t follow(size_t i) {
    const Instruction& instruction = program_.code[i];
    if (const auto* loop = std::get_if<Loop>(&instruction)) {
      const Iteration it{memory_.value(loop->lower), memory_.value(loop->upper)};
      if (it.next >= it.upper) return partners_[i] + 1;
      start(*loop, it);
      return i + 1;
    }
    if (std::holds_alternative<EndLoop>(instruction)) {
      const Loop& open = std::get<Loop>(program_.code[partners_[i]]);
      Iteration it = iterations_.back();
      iterations_.pop_back();
      it.next += open.step;
      if (it.next >= it.upper) return i + 1;
      start(open, it);
      return partners_[i] + 1;
    }
    const bool is_end = std::holds_alternative<EndWhile>(instruction);
    const size_t open = is_end ? partners_[i] : i;
    const auto& loop = std::get<WhileLoop>(program_.code[open]);
    const bool again = memory_.reg(loop.condition.id) != 0;
    return again ? open + 1 : partners_[open] + 1;
  }

  void start(const Loop& loop, const Iteration& it) {
    memory_.reg(loop.counter.id) = static_cast<int32_t>(it.next);
    known_[loop.counter.id.value] = true;
    iterations_.push_back(it);
  }

  template <class T>
  void set_registers(const T& instruction) {
    bool inputs_known = true;
    for_each_register(instruction, program_.tiles, [&](RegisterId id, Access access) {
      if (access == Access::read) inputs_known &= known_[id.value];
    });
    constexpr bool computes = TypeList<RegisterAlu, RegisterMove>::template contains<T>;
    if constexpr (computes) {
      if (inputs_known) instruction.execute(memory_);
    }
    for_each_register(instruction, program_.tiles, [&](RegisterId id, Access access) {
      if (access != Access::read) known_[id.value] = computes && inputs_known;
    });
  }

  const Program& program_;
  const size_t steps_max_;
  const std::vector<uint32_t> partners_;
  TileMemory memory_;
  std::vector<bool> known_;  // registers
  std::vector<Iteration> iterations_;
  std::vector<uint32_t> steps_;
  size_t executed_ = 0;
};

}  // namespace

Result<std::vector<uint32_t>> sequence_of(const Program& program, size_t steps_max) {
  bool has_loops = false;
  for (size_t i = 0; i < program.code.size() && !has_loops; ++i) {
    has_loops = loop_depth_change(program, i) != 0;
  }
  if (has_loops) return Walk(program, steps_max).run();
  if (program.code.size() > steps_max) return too_many(steps_max);
  std::vector<uint32_t> steps(program.code.size());
  std::iota(steps.begin(), steps.end(), 0);
  return steps;
}

}  // namespace kiln
