// Spec and Field: how an instruction describes itself. Text form, Python, C++ DSL, the reference
// manual and messages read these; none of them has code for a single instruction.
#pragma once

#include <array>
#include <optional>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "kiln/isa/law.h"
#include "kiln/machine/machine.h"

namespace kiln {

struct Spec {
  std::string_view name;  // as in nki.isa
  EngineSet engines;      // where it can run
  Generation since = Generation::gen2;
  bool random = false;       // reads or changes an engine's random states
  std::string_view summary;  // one sentence
  std::string_view module = "nki.isa";
  std::string_view ignored = {};  // an argument that kernels give though nothing depends on it
  // The operands that may be views made by indirect(): dst, then the inputs, at most two before
  // their scales.
  std::array<std::string_view, 5> indirect = {};
  Law law = {};
};

// The NKI release whose meaning is recorded, where releases differ.
enum class Compat : uint8_t { nki_0_3, nki_0_6 };

template <>
struct EnumNames<Compat> {
  static constexpr std::string_view type = "compat";
  static constexpr std::array<std::string_view, 2> names{"0.3", "0.6"};
};

// One argument. A required argument has no default; the default of an optional one is the struct's.
template <class T, class M>
struct Field {
  using Owner = T;
  using Member = M;

  std::string_view name;
  M T::* member;
  std::string_view doc;
  bool optional = false;
  // Given for what is no argument but a choice that the NKI release makes: its value in NKI 0.3.
  // The struct's default is that of NKI 0.6.
  std::optional<M> in_0_3 = std::nullopt;
  // A register that is not given but made for the instruction, and returned to the user.
  bool is_result = false;

  constexpr bool is_argument() const { return !in_0_3.has_value() && !is_result; }
};
template <class T, class M>
Field(std::string_view, M T::*, std::string_view) -> Field<T, M>;

template <class T, class M>
constexpr Field<T, M> option(std::string_view name, M T::* member, std::string_view doc) {
  return {name, member, doc, true};
}

template <class T, class M>
constexpr Field<T, M> by_release(std::string_view name, M T::* member, M in_0_3,
                                 std::string_view doc) {
  return {name, member, doc, true, in_0_3};
}

template <class T, class M>
constexpr Field<T, M> result(std::string_view name, M T::* member, std::string_view doc) {
  return {name, member, doc, false, std::nullopt, true};
}

// Calls fn(field) for every field of T, in argument order.
template <class T, class Fn>
constexpr void for_each_field(Fn&& fn) {
  std::apply([&](const auto&... field) { (fn(field), ...); }, T::fields);
}

// The instruction as the release means it.
template <class T>
constexpr T in_release(T instruction, Compat compat) {
  if (compat == Compat::nki_0_6) return instruction;
  for_each_field<T>([&](const auto& field) {
    if (field.in_0_3) instruction.*field.member = *field.in_0_3;
  });
  return instruction;
}

}  // namespace kiln
