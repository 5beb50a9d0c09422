// The severities' names, as messages and listings have them.
#pragma once

#include "kiln/base/diagnostic.h"
#include "kiln/base/enum_names.h"

namespace kiln {

template <>
struct EnumNames<Severity> {
  static constexpr std::string_view type = "severity";
  static constexpr std::array<std::string_view, 3> names{"advice", "warning", "error"};
};

}  // namespace kiln
