// Contest: whether cores write the same elements of memory that they share.
#pragma once

#include <span>

#include "kiln/session/launch.h"

namespace kiln {

// Whether two of these cores write the same byte of one shared tensor, at whatever time. What is
// written at a runtime index does not count.
bool is_contested(std::span<const Seat> seats);

}  // namespace kiln
