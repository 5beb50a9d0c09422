#include "kiln/session/check.h"

#include <algorithm>
#include <cmath>

#include "kiln/checker/diagnostic_kinds.h"
#include "kiln/placement/capacity.h"
#include "kiln/session/call.h"
#include "kiln/session/written_inputs.h"

namespace kiln {

namespace {

using Clock = std::chrono::steady_clock;

// Runs that read what nobody wrote find other values than these in the second run.
FreshMemory other_than(const FreshMemory& fresh) {
  return {.floating = 1.0f, .integer = fresh.integer == 0 ? Bits{1} : Bits{0}};
}

bool is_nan(DType dtype, Bits bits) {
  return is_floating(dtype) && std::isnan(to_float32(dtype, bits));
}

// Whether an element of the view that was written differs between two executions.
bool differs(const Program& program, ViewId view, const ByteSet& written, Execution& a,
             Execution& b) {
  const Tile tile = program.tiles.tile(view);
  const TileAccess first = a.read(view), second = b.read(view);
  const Buffer& buffer = a.memory().buffer(tile.storage_id);
  for (int64_t p = 0; p < first.partitions; ++p) {
    for (int64_t i = 0; i < first.elements; ++i) {
      const Bits x = first.bits(p, i), y = second.bits(p, i);
      if (x == y || (is_nan(first.dtype, x) && is_nan(first.dtype, y))) continue;
      const int64_t at = first.at(p, i) - buffer.base;
      const bool is_written = tile.on_chip() ? written.contains(at / buffer.partition_stride,
                                                                at % buffer.partition_stride)
                                             : written.contains(0, at);
      if (is_written) return true;
    }
  }
  return false;
}

class Checking {
 public:
  Checking(std::span<const RankPrograms> ranks, const CheckOptions& options)
      : ranks_(ranks), options_(options), check_(seats(ranks)) {}

  Result<CheckResult> run();

 private:
  static std::vector<LaunchCheck::Seat> seats(std::span<const RankPrograms> ranks);
  Status run_observed();
  // Whether the results are others when the launch is executed in this way.
  Result<bool> differs_with(const ExecuteOptions& execute, const TogetherOptions& together);
  void report_failure(const std::string& message);

  std::span<const RankPrograms> ranks_;
  const CheckOptions& options_;
  LaunchCheck check_;
  std::vector<RankPrograms> given_;
  Seated seated_;
  bool executed_ = false;
};

std::vector<LaunchCheck::Seat> Checking::seats(std::span<const RankPrograms> ranks) {
  std::vector<LaunchCheck::Seat> seats;
  for (const RankPrograms& rank : ranks) {
    for (size_t core = 0; core < rank.cores.size(); ++core) {
      seats.push_back({{rank.rank, static_cast<int32_t>(core)}, rank.cores[core].get()});
    }
  }
  return seats;
}

// What ended the execution, as a finding.
void Checking::report_failure(const std::string& message) {
  for (const Seat& seat : seated_.seats) {
    if (const std::optional<Execution::Fault>& fault = seat.execution->fault()) {
      check_.findings().add(diag::runtime_fault, *seat.program,
                            static_cast<uint32_t>(fault->instruction), fault->message);
      return;
    }
  }
  const Seat& first = seated_.seats.front();
  const size_t position = first.execution->position();
  const bool is_inside = position < first.program->code.size();
  // Nobody can go on, or somebody cannot take part in a meeting.
  check_.findings().add(
      message.starts_with("deadlock") ? diag::deadlock : diag::runtime_fault,
      {first.program, is_inside ? first.program->locations[position] : SourceLocation{}},
      first.program->kernel, message);
}

Status Checking::run_observed() {
  given_ = with_copied_inputs(ranks_);
  Result<Seated> seated = seat_ranks(given_, options_.execute);
  if (!seated) return seated.error();
  seated_ = std::move(seated).value();
  for (size_t i = 0; i < seated_.seats.size(); ++i) {
    seated_.executions[i]->watch(check_.program_check(i));
  }
  const TogetherOptions together{
      .met = [this](std::span<const Member> members) { check_.meet(members); }};
  const Status status = execute_together(seated_.seats, together);
  if (!status && status.error().message.ends_with("stopped")) return status.error();
  executed_ = status.ok();
  if (!executed_) report_failure(status.error().message);
  return Done{};
}

Result<bool> Checking::differs_with(const ExecuteOptions& execute,
                                    const TogetherOptions& together) {
  const std::vector<RankPrograms> again = with_copied_inputs(ranks_);
  Result<Seated> seated = seat_ranks(again, execute);
  if (!seated) return seated.error();
  const Status status = execute_together(seated->seats, together);
  if (!status && status.error().message.ends_with("stopped")) return status.error();
  if (!status) return true;
  for (size_t i = 0; i < seated_.seats.size(); ++i) {
    const Program& program = *seated_.seats[i].program;
    const auto differ = [&](ViewId view) {
      return differs(program, view,
                     check_.program_check(i).written_of(program.tiles.storage_of(view)),
                     *seated_.executions[i], *seated->executions[i]);
    };
    for (ViewId output : program.outputs) {
      if (differ(output)) return true;
    }
    for (StorageId input : program.inputs) {
      if (differ(program.tiles.whole(input))) return true;
    }
  }
  return false;
}

Result<CheckResult> Checking::run() {
  const Clock::time_point start = Clock::now();
  for (const RankPrograms& rank : ranks_) {
    for (const std::shared_ptr<const Program>& program : rank.cores) {
      Report report;
      check_capacity(*program, place(*program), report);
      check_.findings().add(*program, report);
    }
  }
  bool fresh_memory_matters = false, order_matters = false;
  if (!options_.executes) {
    check_.run_without_values();
  } else if (Status status = run_observed(); !status) {
    return status.error();
  }
  if (executed_ || !options_.executes) check_.finish();
  if (executed_ && check_.has_unwritten_reads()) {
    ExecuteOptions execute = options_.execute;
    execute.fresh = other_than(execute.fresh);
    const Result<bool> differs = differs_with(execute, {});
    if (!differs) return differs.error();
    fresh_memory_matters = *differs;
  }
  if (executed_ && check_.has_races()) {
    const Result<bool> differs = differs_with(options_.execute, {.reversed = true});
    if (!differs) return differs.error();
    order_matters = *differs;
  }
  check_.report_unwritten_reads(fresh_memory_matters);
  check_.report_races(order_matters);
  CheckResult result{.counts = check_.counts(), .executed = executed_};
  for (size_t i = 0; executed_ && i < seated_.seats.size(); ++i) {
    const Seat& seat = seated_.seats[i];
    for (ViewId output : seat.program->outputs) {
      if (seat.member.core != 0) break;
      result.outputs.push_back(copy_view(*seat.execution, *seat.program, output));
    }
  }
  result.findings = std::move(check_.findings());
  result.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  return result;
}

}  // namespace

Result<CheckResult> check(std::span<const RankPrograms> ranks, const CheckOptions& given) {
  const Result<ExecuteOptions> execute = resolve(given.execute);
  if (!execute) return execute.error();
  const CheckOptions options{.execute = *execute, .executes = given.executes};
  return Checking(ranks, options).run();
}

}  // namespace kiln
