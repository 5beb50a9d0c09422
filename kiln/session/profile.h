// Profile: how long a launch would take on its device, and why.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "kiln/placement/placement.h"
#include "kiln/session/run.h"
#include "kiln/timing/profile.h"

namespace kiln {

struct ProfileOptions {
  // For programs whose loops depend on values in memory: they are executed on copies of their
  // inputs, to see which instructions are.
  ExecuteOptions execute;
  std::function<bool(double)> tick;  // the share that is done; false stops
};

struct ProfileResult {
  std::vector<std::shared_ptr<const Program>> programs;  // that the timeline is about
  std::vector<Placement> placements;
  Timeline timeline;
  Profile profile;
  bool executed = false;  // to know the instructions
};

// Of one rank; others are taken to do the same at the same time. The programs have no errors from
// their recording; whether they pass the checker is not asked here. An Error if it was stopped, or
// if a program had to be executed and cannot be.
Result<ProfileResult> profile(const RankPrograms& rank, const ProfileOptions& options);

// From this time on, so much of a partition is in use.
struct MemoryAtTime {
  double ns = 0;
  int64_t bytes = 0;
};
std::vector<MemoryAtTime> memory_over_time(const ProfileResult& result, size_t core, Memory memory);

}  // namespace kiln
