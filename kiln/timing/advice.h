// What change of the kernel would shorten its timeline, with the gain that it can have at most.
#pragma once

#include "kiln/timing/profile.h"

namespace kiln {

// The largest gain first; nothing that gains less than 1 %.
std::vector<Advice> give_advice(const Timeline& timeline, const Profile& profile);

}  // namespace kiln
