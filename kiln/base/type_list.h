// TypeList: a list of types that can be iterated and made into a variant.
#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>
#include <variant>

namespace kiln {

template <class T>
struct TypeTag {
  using type = T;
};

template <class... Ts>
struct TypeList {
  using Variant = std::variant<Ts...>;
  static constexpr size_t size = sizeof...(Ts);

  template <class T>
  static constexpr bool contains = (std::is_same_v<T, Ts> || ...);

  // Calls fn(TypeTag<T>{}) for every T, in order.
  template <class Fn>
  static constexpr void for_each(Fn&& fn) {
    (fn(TypeTag<Ts>{}), ...);
  }
};

}  // namespace kiln
