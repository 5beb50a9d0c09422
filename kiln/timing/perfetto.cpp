#include "kiln/timing/perfetto.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "kiln/isa/roles.h"
#include "kiln/timing/output_file.h"
#include "kiln/timing/trace_counters.h"
#include "kiln/timing/trace_packets.h"
#include "kiln/timing/trace_slices.h"

namespace kiln {

namespace {

using Kind = TrackGroup::Kind;

// What the cores of a trace share.
struct Trace {
  const Timeline& timeline;
  const PerfettoOptions& options;
  OutputFile& file;
  SliceCount count;
  bool with_flows = false;
  uint64_t tracks = 0;
  int64_t slices_seen = 0;
  PerfettoSummary summary;

  // After each slice: whether to go on.
  bool advance() {
    constexpr int64_t slices_between = 8192;
    ++slices_seen;
    if (slices_seen % slices_between != 0 && slices_seen != count.before_cut) return true;
    if (file.error()) return false;
    return !options.progress || options.progress(static_cast<double>(slices_seen) /
                                                 static_cast<double>(count.before_cut));
  }
};

// The tensor by whose name a transfer is known: one in HBM if it has a name, else any that has.
std::string_view tensor_name(const Program& program, uint32_t instruction) {
  std::string_view on_chip, off_chip;
  const auto look_at = [&](ViewId id, Access) {
    const Storage& storage = *program.tiles.tile(id).storage;
    std::string_view& found = storage.on_chip() ? on_chip : off_chip;
    if (found.empty()) found = storage.name;
  };
  std::visit([&](const auto& i) { for_each_tile(i, program.tiles, look_at); },
             program.code[instruction]);
  return off_chip.empty() ? on_chip : off_chip;
}

// The arrows that leave each step, by the steps that they lead to.
class Flows {
 public:
  explicit Flows(const CoreTimeline& core);

  std::span<const uint32_t> from(uint32_t step) const {
    return std::span(consumers_).subspan(first_[step], first_[step + 1] - first_[step]);
  }

 private:
  std::vector<uint32_t> first_;  // by step, an index into consumers_
  std::vector<uint32_t> consumers_;
};

bool has_dependency(const CoreTimeline& core, uint32_t step) {
  const uint32_t producer = core.steps[step].waited_for;
  return producer != no_step && main_slice(core, producer) && main_slice(core, step);
}

Flows::Flows(const CoreTimeline& core) : first_(core.steps.size() + 2) {
  for (uint32_t i = 0; i < core.steps.size(); ++i) {
    if (has_dependency(core, i)) ++first_[core.steps[i].waited_for + 2];
  }
  for (size_t i = 2; i < first_.size(); ++i) first_[i] += first_[i - 1];
  consumers_.resize(first_.back());
  for (uint32_t i = 0; i < core.steps.size(); ++i) {
    if (has_dependency(core, i)) consumers_[first_[core.steps[i].waited_for + 1]++] = i;
  }
}

// Writes one core.
class CoreTrace {
 public:
  CoreTrace(Trace& trace, size_t index);

  // Whether the writing went to its end.
  bool write();

 private:
  // An instruction of the program, as often as it is executed.
  struct Texts {
    EventNameId name, tensor;
    TraceTextId opcode, operands, location;
  };
  const Texts& texts(uint32_t instruction);

  void describe();
  bool write_group(const TrackGroup& group);
  uint64_t new_row(const TrackGroup& group, size_t row);
  EventNameId name(const TrackGroup& group, const TraceSlice& slice);
  // Of a transfer that is told of in full on its first DMA engine.
  bool is_further_share(const TrackGroup& group, const TraceSlice& slice) const;
  void write_arguments(const TrackGroup& group, const TraceSlice& slice);
  void write_transfer(const TrackGroup& group, const TimelineTransfer& transfer);
  void write_flows(const TrackGroup& group, const TraceSlice& slice);
  // That all this is a model's.
  void write_simulation();
  void span(std::string_view name, int64_t begin_ns, int64_t end_ns);

  Trace& trace_;
  const size_t index_;
  const CoreTimeline& core_;
  const Program& program_;
  const int32_t pid_;
  TracePackets packets_;
  uint64_t process_ = 0;
  int32_t threads_ = 0;
  int64_t slices_ = 0;
  std::vector<Texts> texts_;
  std::optional<Flows> flows_;
};

CoreTrace::CoreTrace(Trace& trace, size_t index)
    : trace_(trace),
      index_(index),
      core_(trace.timeline.cores[index]),
      program_(*core_.program),
      pid_(static_cast<int32_t>(index) + 1),
      packets_(trace.file, static_cast<uint32_t>(index) + 1),
      texts_(program_.code.size()) {
  if (trace.with_flows) flows_.emplace(core_);
}

bool CoreTrace::write() {
  describe();
  for (const TrackGroup& group : track_groups(core_)) {
    if (!write_group(group)) return false;
  }
  write_counters(packets_, trace_.timeline, index_, trace_.options,
                 [&](std::string_view name, std::string_view unit) {
                   packets_.describe_counter(++trace_.tracks, process_, name, unit);
                   return trace_.tracks;
                 });
  write_simulation();
  packets_.flush();
  trace_.summary.slices += slices_;
  return true;
}

void CoreTrace::describe() {
  if (index_ == 0) packets_.order_by_rank();
  process_ = ++trace_.tracks;
  packets_.describe_process(process_, pid_, fmt::format("Instructions {}", index_),
                            "simulation, not a measurement");
}

uint64_t CoreTrace::new_row(const TrackGroup& group, size_t row) {
  constexpr int64_t tids_per_process = 1'000'000;
  packets_.describe_thread(
      ++trace_.tracks, {.pid = pid_, .tid = pid_ * tids_per_process + threads_, .rank = threads_},
      fmt::format("{} - Row {}", name_of(group), row));
  ++threads_;
  return trace_.tracks;
}

bool CoreTrace::write_group(const TrackGroup& group) {
  Rows rows(trace_.options.rows_max);
  std::vector<uint64_t> tracks;
  for (const TraceSlice& slice : slices_of(core_, group, trace_.count.cut_ns)) {
    if (!trace_.advance()) return false;
    const std::optional<size_t> row = rows.place(slice);
    if (!row) continue;
    if (*row == tracks.size()) tracks.push_back(new_row(group, *row));
    packets_.begin_slice(tracks[*row], slice.begin_ns, name(group, slice));
    write_arguments(group, slice);
    write_flows(group, slice);
    packets_.finish_event();
    packets_.end_slice(tracks[*row], slice.end_ns);
    ++slices_;
  }
  return true;
}

EventNameId CoreTrace::name(const TrackGroup& group, const TraceSlice& slice) {
  if (group.kind == Kind::weights) return packets_.event_name("LDWEIGHTS");
  const Texts& known = texts(core_.steps[slice.step].instruction);
  return group.kind == Kind::engine ? known.name : known.tensor;
}

const CoreTrace::Texts& CoreTrace::texts(uint32_t instruction) {
  Texts& known = texts_[instruction];
  if (known.name.valid()) return known;
  const std::string_view opcode = name_of(program_.code[instruction]);
  const std::string_view tensor = tensor_name(program_, instruction);
  known.name = packets_.event_name(opcode);
  known.tensor = packets_.event_name(tensor.empty() ? opcode : tensor);
  known.opcode = packets_.text(opcode);
  const SourceLocation location = program_.locations[instruction];
  if (location.file.valid()) known.location = packets_.text(program_.files.describe(location));
  if (trace_.options.operands) {
    known.operands = packets_.new_text(trace_.options.operands(index_, instruction));
  }
  return known;
}

bool CoreTrace::is_further_share(const TrackGroup& group, const TraceSlice& slice) const {
  if (group.kind != Kind::dma_engine) return false;
  return group.index != core_.transfers[core_.steps[slice.step].transfer].first_engine;
}

void CoreTrace::write_arguments(const TrackGroup& group, const TraceSlice& slice) {
  using enum SliceArgument;
  const TimelineStep& step = core_.steps[slice.step];
  const Texts& known = texts(step.instruction);
  packets_.argument(duration, slice.end_ns - slice.begin_ns);
  packets_.argument(timestamp, slice.begin_ns);
  packets_.argument(opcode, known.opcode);
  packets_.argument(pc, int64_t{step.instruction});
  packets_.argument(id, int64_t{slice.step});
  if (known.location.valid()) packets_.argument(nki_source_location, known.location);
  if (group.kind == Kind::queue || group.kind == Kind::dma_engine) {
    write_transfer(group, core_.transfers[step.transfer]);
  }
  if (group.kind == Kind::weights || is_further_share(group, slice)) return;
  if (known.operands.valid()) packets_.argument(operands, known.operands);
  if (step.waited_for != no_step) packets_.argument(inst_dep_ids, int64_t{step.waited_for});
  if (step.wait != Wait::none) packets_.argument(wait, packets_.text(name_of(step.wait)));
}

void CoreTrace::write_transfer(const TrackGroup& group, const TimelineTransfer& transfer) {
  using enum SliceArgument;
  const int64_t share = group.kind == Kind::dma_engine ? transfer.engines : 1;
  const double moving_ns = transfer.end_ns - transfer.start_ns;
  packets_.argument(bytes, transfer.bytes / share);
  if (share == 1) packets_.argument(descriptors, int64_t{transfer.descriptors});
  if (moving_ns > 0) {
    packets_.argument(gb_per_s,
                      static_cast<double>(transfer.bytes) / static_cast<double>(share) / moving_ns);
  }
}

void CoreTrace::write_flows(const TrackGroup& group, const TraceSlice& slice) {
  if (!flows_ || group.kind == Kind::weights || group.kind == Kind::queue) return;
  if (is_further_share(group, slice)) return;
  const bool starts_transfer =
      group.kind == Kind::engine && core_.steps[slice.step].transfer != no_step;
  if (starts_transfer) return;
  const auto flow = [&](uint32_t consumer) {
    return (static_cast<uint64_t>(pid_) << 32) | consumer;
  };
  for (const uint32_t consumer : flows_->from(slice.step)) {
    if (main_slice(core_, consumer)->begin_ns < trace_.count.cut_ns) {
      packets_.flow_from(flow(consumer));
    }
  }
  if (has_dependency(core_, slice.step)) {
    packets_.flow_to(flow(slice.step));
    ++trace_.summary.flows;
  }
}

void CoreTrace::write_simulation() {
  using enum SliceArgument;
  const Timeline& timeline = trace_.timeline;
  const int64_t end_ns = trace_ns(timeline.total_ns);
  const int64_t left_out = trace_.count.by_core[index_] - slices_;
  packets_.begin_slice(process_, 0,
                       packets_.event_name(fmt::format("{} (simulation)", program_.kernel)));
  packets_.argument(is_simulation, true);
  packets_.argument(target, packets_.text(machine(timeline.target).instance));
  packets_.argument(slices_left_out, left_out);
  for (const UnknownCost& cost : timeline.unknown) {
    packets_.argument(assumed_cost, packets_.new_text(fmt::format("{}: {} ({} times)", cost.name,
                                                                  cost.taken, cost.count)));
  }
  packets_.finish_event();
  const int64_t prologue_ns = trace_ns(timeline.prologue_ns);
  if (prologue_ns > 0) span("prologue", 0, prologue_ns);
  const int64_t cut_ns = std::max(trace_.count.cut_ns, prologue_ns);
  if (cut_ns < end_ns) span("slices left out", cut_ns, end_ns);
  packets_.end_slice(process_, end_ns);
  trace_.summary.slices_left_out += left_out;
}

void CoreTrace::span(std::string_view name, int64_t begin_ns, int64_t end_ns) {
  packets_.begin_slice(process_, begin_ns, packets_.event_name(name));
  packets_.finish_event();
  packets_.end_slice(process_, end_ns);
}

int64_t count_dependencies(const Timeline& timeline) {
  int64_t count = 0;
  for (const CoreTimeline& core : timeline.cores) {
    for (uint32_t i = 0; i < core.steps.size(); ++i) count += has_dependency(core, i) ? 1 : 0;
  }
  return count;
}

}  // namespace

Result<PerfettoSummary> write_perfetto(const Timeline& timeline, const std::filesystem::path& path,
                                       const PerfettoOptions& options) {
  OutputFile file(path);
  if (file.error()) return *file.error();
  const int64_t dependencies = count_dependencies(timeline);
  Trace trace{.timeline = timeline,
              .options = options,
              .file = file,
              .count = count_slices(timeline, options.slices_max),
              .with_flows = dependencies <= options.flows_max};
  trace.summary.cut_ns = trace.count.cut_ns;
  for (size_t i = 0; i < timeline.cores.size(); ++i) {
    if (CoreTrace(trace, i).write()) continue;
    if (file.error()) return *file.error();
    return Error{fmt::format("the writing of {} was stopped", path.string())};
  }
  if (const Status committed = file.commit(); !committed) return committed.error();
  trace.summary.bytes = file.bytes();
  trace.summary.flows_left_out = dependencies - trace.summary.flows;
  return trace.summary;
}

}  // namespace kiln
