// Operand roles of an instruction, derived from the types of its fields. Dependencies, races and
// uninitialised reads are built on these alone.
#pragma once

#include <type_traits>

#include "kiln/isa/instruction.h"

namespace kiln {

enum class Access : uint8_t { read, write, read_write };

namespace internal {

template <class M>
inline constexpr bool is_read_role = TypeList<In, OptionalIn, InList, ChannelIn>::contains<M>;
template <class M>
inline constexpr bool is_write_role = TypeList<Out, OptionalOut, OutList, ChannelOut>::contains<M>;

template <class M, class Fn>
void visit_operand(const M& operand, const Tiles& tiles, Fn& fn) {
  constexpr Access access = is_read_role<M>    ? Access::read
                            : is_write_role<M> ? Access::write
                                               : Access::read_write;
  if constexpr (std::is_base_of_v<TileOperand, M>) {
    if (operand.given()) fn(operand.view, access);
  } else if constexpr (std::is_base_of_v<TileListOperand, M>) {
    if (!operand.given()) return;
    for (const ViewId id : tiles.list(operand.list)) fn(id, access);
  } else if constexpr (std::is_same_v<M, InOrScalar>) {
    if (operand.is_tile()) fn(operand.view, Access::read);
  }
}

}  // namespace internal

// Calls fn(ViewId, Access) for every tile the instruction names, in argument order.
template <class T, class Fn>
void for_each_tile(const T& instruction, const Tiles& tiles, Fn&& fn) {
  for_each_field<T>(
      [&](const auto& field) { internal::visit_operand(instruction.*field.member, tiles, fn); });
}

// As above, and also for the runtime indices that the views depend on.
template <class T, class Fn>
void for_each_access(const T& instruction, const Tiles& tiles, Fn&& fn) {
  for_each_tile(instruction, tiles, [&](ViewId id, Access access) {
    fn(id, access);
    const DynamicId dynamic = tiles.tile(id).dynamic;
    if (dynamic.valid() && tiles.dynamic(dynamic).index.valid()) {
      fn(tiles.dynamic(dynamic).index, Access::read);
    }
  });
}

// Calls fn(RegisterId, Access) for every register the instruction or its tiles' addresses use.
template <class T, class Fn>
void for_each_register(const T& instruction, const Tiles& tiles, Fn&& fn) {
  for_each_field<T>([&](const auto& field) {
    using M = typename std::decay_t<decltype(field)>::Member;
    const auto& operand = instruction.*field.member;
    if constexpr (std::is_base_of_v<Register, M>) {
      if (!operand.given()) return;
      fn(operand.id, std::is_same_v<M, OutRegister> ? Access::write : Access::read);
    } else if constexpr (std::is_same_v<M, RegisterOrInt>) {
      if (operand.is_register()) fn(operand.reg, Access::read);
    }
  });
  for_each_access(instruction, tiles, [&](ViewId id, Access) {
    const DynamicId dynamic = tiles.tile(id).dynamic;
    if (dynamic.valid() && tiles.dynamic(dynamic).reg.valid()) {
      fn(tiles.dynamic(dynamic).reg, Access::read);
    }
  });
}

// Whether the instruction reads or changes an engine's accumulator registers.
template <class T>
bool uses_accumulators(const T& instruction) {
  bool uses = requires { instruction.reduce_res; };
  if constexpr (requires { instruction.reduce_cmd; }) {
    uses = instruction.reduce_cmd != ReduceCmd::idle;
    if constexpr (requires { instruction.reduce_res; }) uses |= instruction.reduce_res.given();
  }
  return uses;
}

}  // namespace kiln
