#include "kiln/session/profile.h"

#include <algorithm>

#include "kiln/placement/memory_report.h"
#include "kiln/session/call.h"
#include "kiln/session/written_inputs.h"
#include "kiln/timing/model.h"
#include "kiln/timing/sequence.h"

namespace kiln {

namespace {

// Notes what is executed, in program order.
class Recording final : public Observer {
 public:
  void before(size_t index, TileMemory&) override { steps.push_back(static_cast<uint32_t>(index)); }

  std::vector<uint32_t> steps;
};

Result<std::vector<std::vector<uint32_t>>> executed_sequences(const RankPrograms& rank,
                                                              const ExecuteOptions& options) {
  const std::vector<RankPrograms> given = with_copied_inputs({&rank, 1});
  Result<ExecuteOptions> execute = resolve(options);
  if (!execute) return execute.error();
  Result<Seated> seated = seat_ranks(given, *execute);
  if (!seated) return seated.error();
  std::vector<Recording> recordings(seated->executions.size());
  for (size_t i = 0; i < recordings.size(); ++i) seated->executions[i]->watch(recordings[i]);
  if (Status status = execute_together(seated->seats, {}); !status) return status.error();
  std::vector<std::vector<uint32_t>> sequences;
  for (size_t i = 0; i < recordings.size(); ++i) {
    std::vector<uint32_t>& steps = recordings[i].steps;
    const Program& program = *rank.cores[i];
    std::erase_if(steps, [&](uint32_t step) { return loop_depth_change(program, step) != 0; });
    sequences.push_back(std::move(steps));
  }
  return sequences;
}

}  // namespace

Result<ProfileResult> profile(const RankPrograms& rank, const ProfileOptions& options) {
  ProfileResult result{.programs = rank.cores};
  std::vector<std::vector<uint32_t>> sequences;
  for (const std::shared_ptr<const Program>& program : rank.cores) {
    Result<std::vector<uint32_t>> sequence = sequence_of(*program);
    if (!sequence) {
      result.executed = true;
      break;
    }
    sequences.push_back(std::move(sequence).value());
  }
  if (result.executed) {
    Result<std::vector<std::vector<uint32_t>>> seen = executed_sequences(rank, options.execute);
    if (!seen) return seen.error();
    sequences = std::move(seen).value();
  }
  result.placements.reserve(rank.cores.size());
  std::vector<TimedProgram> cores;
  for (size_t i = 0; i < rank.cores.size(); ++i) {
    result.placements.push_back(place(*rank.cores[i]));
    cores.push_back({rank.cores[i].get(), &result.placements.back(), std::move(sequences[i])});
  }
  Result<Timeline> timeline = make_timeline(cores, {.tick = options.tick});
  if (!timeline) return timeline.error();
  result.timeline = std::move(timeline).value();
  result.profile = make_profile(result.timeline);
  return result;
}

std::vector<MemoryAtTime> memory_over_time(const ProfileResult& result, size_t core,
                                           Memory memory) {
  const CoreTimeline& timeline = result.timeline.cores[core];
  std::vector<double> first_start(timeline.program->code.size(), -1);
  for (const TimelineStep& step : timeline.steps) {
    double& start = first_start[step.instruction];
    if (start < 0) start = step.start_ns;
  }
  const MemoryReport report = memory_report(*timeline.program, result.placements[core]);
  std::vector<MemoryAtTime> series;
  for (const MemoryStep& step : (memory == Memory::sbuf ? report.sbuf : report.psum).steps) {
    if (step.instruction >= first_start.size()) {
      series.push_back({result.timeline.total_ns, step.bytes});
    } else if (first_start[step.instruction] >= 0) {
      series.push_back({first_start[step.instruction], step.bytes});
    }
  }
  // Engines overtake one another: what is in use at a time is at least what was said before it.
  std::ranges::sort(series, {}, [](const MemoryAtTime& m) { return std::pair(m.ns, m.bytes); });
  return series;
}

}  // namespace kiln
