// Tensor indirection: which instructions take views made by indirect(), under which rules, and how
// their elements are brought together for them. Neither check() nor execute() of an instruction has
// to know that an operand is such a view; what holds for one instruction only is in its check().
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "kiln/isa/roles.h"
#include "kiln/isa/rules.h"

namespace kiln {

// The partitions that read their offsets from the same rows of an index.
constexpr int64_t indirection_group(const Spec& spec) {
  return spec.engines.contains(Engine::tensor) ? 32 : 16;
}

template <class T>
constexpr bool takes_indirect = !T::spec.indirect[0].empty();

namespace rules {

// Tiles of an instruction, lists included, under their argument names.
using NamedTiles = std::span<const NamedTile>;

// The generation has tensor indirection, only operands that may be indirect are, and their indices
// and partitions are as the instruction's engine needs them.
void indirection(const Context& context, Report& report, const Spec& spec, Engine engine,
                 NamedTiles tiles);

// Both or neither are views made by indirect(), with the same index.
void same_index(const Context& context, Report& report, const NamedTile& a, const NamedTile& b);

}  // namespace rules

template <class T>
void check_indirection(const T& instruction, const Context& context, Report& report) {
  if (!context.tiles.has_indirection()) return;
  std::vector<NamedTile> tiles;
  for_each_field<T>([&](const auto& field) {
    const auto add = [&](ViewId id, Access) { tiles.push_back({field.name, context.tile(id)}); };
    internal::visit_operand(instruction.*field.member, context.tiles, add);
  });
  Engine engine = Engine::unknown;
  if constexpr (requires { instruction.engine; }) engine = instruction.engine;
  rules::indirection(context, report, T::spec, engine, tiles);
}

// Before an instruction executes; false if it has no operands to gather. An offset out of bounds is
// a fault.
template <class T>
bool gather_operands(const T& instruction, TileMemory& memory) {
  bool any = false;
  for_each_tile(instruction, memory.tiles(), [&](ViewId id, Access) {
    if (!memory.tiles().tile(id).indirect) return;
    memory.gather(id, indirection_group(T::spec));
    any = true;
  });
  return any;
}

// After it has executed, if there were any.
template <class T>
void scatter_operands(const T& instruction, TileMemory& memory) {
  for_each_tile(instruction, memory.tiles(), [&](ViewId id, Access access) {
    if (access != Access::read && memory.tiles().tile(id).indirect) memory.scatter(id);
  });
}

}  // namespace kiln
