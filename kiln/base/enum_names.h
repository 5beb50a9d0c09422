// Names of enumerators, declared once beside each enum and read by text form, messages and Python.
#pragma once

#include <array>
#include <optional>
#include <string_view>
#include <type_traits>

namespace kiln {

// Specialise with `static constexpr std::string_view type` (the name users see for the enum) and
// `static constexpr std::array names`, in enumerator order from 0.
template <class E>
struct EnumNames;

template <class E>
concept NamedEnum = std::is_enum_v<E> && requires { EnumNames<E>::names; };

template <NamedEnum E>
constexpr std::string_view name_of(E value) {
  return EnumNames<E>::names[static_cast<size_t>(value)];
}

template <NamedEnum E>
constexpr std::optional<E> from_name(std::string_view name) {
  for (size_t i = 0; i < EnumNames<E>::names.size(); ++i) {
    if (EnumNames<E>::names[i] == name) return static_cast<E>(i);
  }
  return std::nullopt;
}

}  // namespace kiln
