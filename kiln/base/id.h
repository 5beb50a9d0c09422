// Id<Tag>: a typed index into one of a program's tables. Ids of different tables do not mix.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>

namespace kiln {

template <class Tag>
struct Id {
  static constexpr uint32_t none_value = std::numeric_limits<uint32_t>::max();

  uint32_t value = none_value;

  constexpr bool valid() const { return value != none_value; }
  friend constexpr bool operator==(Id, Id) = default;
  friend constexpr auto operator<=>(Id, Id) = default;
};

}  // namespace kiln

template <class Tag>
struct std::hash<kiln::Id<Tag>> {
  size_t operator()(kiln::Id<Tag> id) const noexcept { return id.value; }
};
