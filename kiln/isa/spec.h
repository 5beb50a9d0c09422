// Spec and Field: how an instruction describes itself. Text form, Python, C++ DSL, the reference
// manual and messages read these; none of them has code for a single instruction.
#pragma once

#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "kiln/machine/machine.h"

namespace kiln {

struct Spec {
  std::string_view name;  // as in nki.isa
  EngineSet engines;      // where it can run
  Generation since = Generation::gen2;
  std::string_view summary;  // one sentence
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
};
template <class T, class M>
Field(std::string_view, M T::*, std::string_view) -> Field<T, M>;

template <class T, class M>
constexpr Field<T, M> option(std::string_view name, M T::* member, std::string_view doc) {
  return {name, member, doc, true};
}

// Calls fn(field) for every field of T, in argument order.
template <class T, class Fn>
constexpr void for_each_field(Fn&& fn) {
  std::apply([&](const auto&... field) { (fn(field), ...); }, T::fields);
}

}  // namespace kiln
