// The timing model: engines that work through their queues in order, DMA engines that are shared,
// and what each instruction waits for.
#pragma once

#include <functional>
#include <span>

#include "kiln/base/result.h"
#include "kiln/placement/placement.h"
#include "kiln/timing/timeline.h"

namespace kiln {

// One core of a launch.
struct TimedProgram {
  const Program* program = nullptr;
  const Placement* placement = nullptr;
  std::vector<uint32_t> sequence;  // as sequence_of(), or as it was executed
};

struct TimingOptions {
  // Called now and then with the share that is done; false stops.
  std::function<bool(double)> tick;
};

// The cores of one rank, one or two; ranks are taken as alike. An Error if it was stopped, or if
// the cores do not meet.
Result<Timeline> make_timeline(std::span<const TimedProgram> cores, const TimingOptions& options);

}  // namespace kiln
