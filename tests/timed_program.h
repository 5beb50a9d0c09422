// Programs with their timelines, and what must be true of any timeline.
#pragma once

#include <algorithm>
#include <array>
#include <memory>
#include <string_view>
#include <vector>

#include "kiln/timing/model.h"
#include "kiln/timing/sequence.h"
#include "kiln/timing/step_graph.h"
#include "tests/program_text.h"

namespace kiln {

struct Timed {
  std::vector<std::shared_ptr<const Program>> programs;
  std::vector<Placement> placements;
  std::vector<TimedProgram> cores;
  Timeline timeline;

  const std::vector<TimelineStep>& steps(size_t core = 0) const {
    return timeline.cores[core].steps;
  }
  const std::vector<TimelineTransfer>& transfers(size_t core = 0) const {
    return timeline.cores[core].transfers;
  }
};

// All but the timeline.
inline Timed prepared(std::vector<std::shared_ptr<const Program>> programs) {
  Timed t{.programs = std::move(programs)};
  for (const auto& program : t.programs) t.placements.push_back(place(*program));
  for (size_t i = 0; i < t.programs.size(); ++i) {
    const auto sequence = sequence_of(*t.programs[i]);
    if (!sequence.ok()) FAIL(sequence.error().message);
    t.cores.push_back({t.programs[i].get(), &t.placements[i], *sequence});
  }
  return t;
}

inline Timed timed(std::vector<std::shared_ptr<const Program>> programs) {
  Timed t = prepared(std::move(programs));
  Result<Timeline> timeline = make_timeline(t.cores, {});
  if (!timeline.ok()) FAIL(timeline.error().message);
  t.timeline = std::move(timeline).value();
  return t;
}

inline Timed timed(std::string_view body, std::string_view target = "gen3") {
  return timed({parsed_program(body, target)});
}

namespace internal {

// Times are sums in which the prologue was added last.
inline constexpr double rounding_ns = 1e-6;

inline size_t wrong_times(const CoreTimeline& core, double prologue_ns) {
  return static_cast<size_t>(std::ranges::count_if(core.steps, [&](const TimelineStep& s) {
    return s.start_ns < prologue_ns || s.free_ns < s.start_ns || s.end_ns < s.start_ns;
  }));
}

// Steps that start before what they need is there.
inline size_t early_steps(const Timed& t, size_t core) {
  const TimedProgram& c = t.cores[core];
  const Costs costs = costs_of(*c.program);
  const StepGraph graph(*c.program, *c.placement, costs, c.sequence);
  const std::vector<TimelineStep>& steps = t.steps(core);
  size_t early = 0;
  for (uint32_t i = 0; i < steps.size(); ++i) {
    for (const Before& b : graph.before(i)) {
      const TimelineStep& other = steps[b.step()];
      const bool until_free = b.for_buffer() && other.transfer == no_step;
      early += steps[i].start_ns < (until_free ? other.free_ns : other.end_ns) - rounding_ns;
    }
  }
  return early;
}

// Steps that start while their engine is busy. DMAs that the kernel leaves open who starts take no
// engine's time, only their queue's.
inline size_t overlapping_steps(const Timed& t, size_t core) {
  const Costs costs = costs_of(*t.cores[core].program);
  std::array<std::vector<const TimelineStep*>, EnumNames<Engine>::names.size()> by_engine;
  for (const TimelineStep& step : t.steps(core)) {
    const Cost& cost = costs.of[step.instruction];
    if (!cost.free && !cost.arranged) by_engine[static_cast<size_t>(step.engine)].push_back(&step);
  }
  size_t overlaps = 0;
  for (auto& steps : by_engine) {
    std::ranges::sort(steps, {}, [](const TimelineStep* s) { return s->start_ns; });
    for (size_t i = 1; i < steps.size(); ++i) {
      overlaps += steps[i]->start_ns < steps[i - 1]->free_ns - rounding_ns;
    }
  }
  return overlaps;
}

// DMA engines that would have to work for longer than there is time, and transfers that one queue
// takes at a time.
inline size_t overloaded_engines(const Timed& t, size_t core) {
  size_t overloaded = 0;
  for (int engine = 0; engine < 16; ++engine) {
    double work = 0, first = 1e300, last = 0;
    for (const TimelineTransfer& x : t.transfers(core)) {
      if (engine < x.first_engine || engine >= x.first_engine + x.engines) continue;
      work += x.engine_ns;
      first = std::min(first, x.start_ns);
      last = std::max(last, x.end_ns);
      overloaded += x.end_ns - x.start_ns < x.engine_ns - rounding_ns;
    }
    overloaded += work > last - first + rounding_ns && work > 0;
  }
  return overloaded;
}

}  // namespace internal

// Checks what holds for every timeline.
inline void check_timeline(const Timed& t) {
  double end = t.timeline.prologue_ns;
  for (size_t core = 0; core < t.cores.size(); ++core) {
    REQUIRE(t.steps(core).size() == t.cores[core].sequence.size());
    CHECK(internal::wrong_times(t.timeline.cores[core], t.timeline.prologue_ns) == 0);
    CHECK(internal::early_steps(t, core) == 0);
    CHECK(internal::overlapping_steps(t, core) == 0);
    CHECK(internal::overloaded_engines(t, core) == 0);
    for (const TimelineStep& step : t.steps(core)) end = std::max(end, step.end_ns);
  }
  CHECK(t.timeline.total_ns == end);
}

}  // namespace kiln
