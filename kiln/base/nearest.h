// The name a user most likely meant.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace kiln {

// The candidate with the smallest edit distance to `name`, or "" if none is close.
std::string nearest(std::string_view name, std::span<const std::string_view> candidates);

}  // namespace kiln
