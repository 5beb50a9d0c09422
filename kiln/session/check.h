// Check: what is wrong with a launch's programs and, if they are executed, with what they do.
#pragma once

#include <span>

#include "kiln/checker/launch_check.h"
#include "kiln/session/run.h"

namespace kiln {

struct CheckOptions {
  ExecuteOptions execute;
  // Executes the programs, on copies of their inputs, and checks every access with its real
  // address. Otherwise what depends on runtime values is taken as right, and members of a launch
  // are not held against each other.
  bool executes = true;
};

struct CheckResult {
  Findings findings;
  CheckCounts counts;
  bool executed = false;            // to the end
  std::vector<HostTensor> outputs;  // of each rank's first core, if so
  double seconds = 0;
};

// The programs have no errors from their recording. An Error says that it was stopped, or that an
// input does not fit.
Result<CheckResult> check(std::span<const RankPrograms> ranks, const CheckOptions& options);

}  // namespace kiln
