// Recorder: makes a Program. Each call checks what it is given, notes mistakes in the report and
// goes on with a stand-in, so that one recording tells all mistakes of a kernel.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "kiln/base/diagnostic.h"
#include "kiln/base/diagnostic_kinds.h"
#include "kiln/isa/indirection.h"
#include "kiln/isa/roles.h"
#include "kiln/program/program.h"

namespace kiln {

// What an allocation asks for.
struct TensorSpec {
  std::span<const int64_t> shape;
  DType dtype = DType::float32;
  Memory memory = Memory::sbuf;
  std::string_view name = {};
  std::optional<Address> address = {};
};

class Recorder {
 public:
  Recorder(std::string_view kernel, Generation target, Compat compat = Compat::nki_0_6);

  // What follows belongs to this source line.
  void at(SourceLocation location) { here_ = location; }
  SourceLocation here() const { return here_; }
  FileId add_file(std::string_view path) { return program_.files.add(path); }
  // The same for a path that stays where it is, as std::source_location's do.
  FileId add_literal(const char* path) {
    if (path != last_literal_) {
      last_literal_ = path;
      last_file_ = add_file(path);
    }
    return last_file_;
  }

  ViewId allocate(const TensorSpec& spec);
  ViewId input(const TensorSpec& spec);
  // `bytes`: the row-major contents.
  ViewId constant(const TensorSpec& spec, std::vector<std::byte> bytes);

  // Stands in for a tensor that a mistake, already reported, keeps from being made. Instructions on
  // it are not checked.
  ViewId poison(std::span<const int64_t> shape, DType dtype, Memory memory);

  // Adds the view, or reports why there is none and stands in a tensor of `fallback_shape`.
  // `subject` names the operation in the message. A view without elements is an error only when it
  // is used: the last core of a grid may be left with none to work on.
  ViewId derive(std::string_view subject, ViewId from, const Result<View>& view,
                std::span<const int64_t> fallback_shape);
  // As derive(), but a mistake is reported only when the view is used.
  ViewId derive_for_use(std::string_view subject, ViewId from, const Result<View>& view,
                        std::span<const int64_t> fallback_shape);
  // Whether the view is no stand-in; reports what derive() and derive_for_use() kept.
  bool use(ViewId id);
  // t[…]
  ViewId index(ViewId from, std::span<const Index> indices);

  DynamicId add(const Dynamic& dynamic) { return program_.tiles.add(dynamic); }
  ViewListId add_list(std::span<const ViewId> views) { return program_.tiles.add_list(views); }
  NumberListId add_list(std::span<const float> numbers) { return program_.tiles.add_list(numbers); }
  RankGroupsId add(RankLists groups) { return program_.tiles.add(std::move(groups)); }
  RegisterId new_register() { return {static_cast<uint32_t>(program_.register_count++)}; }

  // Checks and appends the instruction. `name` is the user's label for it. Returns its place in the
  // code, or no_instruction if there are errors.
  static constexpr uint32_t no_instruction = UINT32_MAX;
  template <class T>
  uint32_t record(const T& instruction, std::string_view name = {});

  // From keep_order(true) to its keep_order(false) the program's order is kept, which it always is
  // here, and no loop of the device may open: nl.no_reorder.
  void keep_order(bool keep) { order_kept_ += keep ? 1 : -1; }

  // Makes an instruction wait for an earlier one, which is not in a loop that has ended between.
  void depend(uint32_t consumer, uint32_t producer);

  // Returns the view from the kernel.
  void output(ViewId view);

  Report& report() { return report_; }
  const Program& program() const { return program_; }
  const Tiles& tiles() const { return program_.tiles; }
  Tile tile(ViewId id) const { return program_.tiles.tile(id); }
  const Machine& target() const { return machine_; }

  // Ends the recording: reports loops left open, and hands out the program, which stays where
  // it was while it was recorded.
  std::shared_ptr<const Program> finish();

 private:
  ViewId add_storage(const TensorSpec& spec, Binding binding);
  bool fits(const TensorSpec& spec);
  struct Mistake {
    std::string_view subject;
    std::string message;
    SourceLocation location;
  };
  // What is wrong with the view, as a message.
  std::string message(const Tile& from, const Error& error) const;
  // A view of the same storage that stands in for one with this mistake.
  ViewId stand_in(const Tile& from, std::span<const int64_t> shape, Mistake mistake);
  // Whether the operands that must be there are, none of them a stand-in.
  template <class T>
  bool has_operands(const T& instruction);
  void track_nesting(const Instruction& instruction);
  // Whether the storage was allocated inside of a loop that has ended.
  bool is_in_ended_loop(const Storage& storage) const;
  // Complains of a name that is among those already given.
  void give_name(std::string_view name, std::unordered_set<std::string>& given);

  std::shared_ptr<Program> owned_program_;
  Program& program_;
  const Machine& machine_;
  const Compat compat_;
  Report report_;
  SourceLocation here_;
  const char* last_literal_ = nullptr;
  FileId last_file_;
  std::unordered_map<uint32_t, Mistake> mistakes_;  // by the view that stands in
  int order_kept_ = 0;                              // open keep_order()
  std::vector<size_t> open_loops_;                  // kinds, as indices into AllInstructions
  std::vector<uint32_t> loop_starts_;               // of the open loops, indices into the code
  std::vector<std::pair<uint32_t, uint32_t>> ended_loops_;  // start and end, the outermost
  std::unordered_set<std::string> tensor_names_, instruction_names_;
};

template <class T>
bool Recorder::has_operands(const T& instruction) {
  bool complete = true;
  for_each_field<T>([&](const auto& field) {
    using M = typename std::decay_t<decltype(field)>::Member;
    if constexpr (std::is_base_of_v<TileOperand, M> || std::is_base_of_v<TileListOperand, M> ||
                  std::is_same_v<M, RankGroups>) {
      if (field.optional || (instruction.*field.member).given()) return;
      report_.add(diag::missing_argument, "needs '{}': {}", field.name, field.doc);
      complete = false;
    }
  });
  for_each_tile(instruction, program_.tiles, [&](ViewId id, Access) {
    if (!id.valid()) report_.add(diag::missing_argument, "a list has a tensor that was never made");
    complete &= id.valid() && use(id);
  });
  return complete;
}

template <class T>
uint32_t Recorder::record(const T& instruction, std::string_view name) {
  report_.at(here_, T::spec.name);
  if (!has_operands(instruction)) return no_instruction;
  if (T::spec.since > program_.target) {
    report_.add(diag::wrong_generation, "needs {} or newer; the target is {}",
                name_of(T::spec.since), name_of(program_.target));
    return no_instruction;
  }
  const T meant = in_release(instruction, compat_);
  meant.check(Context{machine_, program_.tiles}, report_);
  check_indirection(meant, Context{machine_, program_.tiles}, report_);
  if constexpr (is_control<T>) track_nesting(meant);
  if (!name.empty()) give_name(name, instruction_names_);
  if (report_.has_errors()) return no_instruction;
  if (!name.empty()) {
    program_.names.emplace(static_cast<uint32_t>(program_.code.size()), name);
  }
  program_.code.emplace_back(meant);
  program_.locations.push_back(here_);
  return static_cast<uint32_t>(program_.code.size() - 1);
}

}  // namespace kiln
