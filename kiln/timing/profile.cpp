#include "kiln/timing/profile.h"

#include <algorithm>
#include <span>
#include <tuple>
#include <unordered_map>

#include "kiln/isa/roles.h"
#include "kiln/machine/rates.h"
#include "kiln/timing/advice.h"
#include "kiln/timing/cost.h"

namespace kiln {

namespace {

constexpr std::array engines{Engine::tensor, Engine::vector, Engine::scalar, Engine::gpsimd,
                             Engine::sync};
constexpr std::array<int64_t, 6> descriptor_sizes{256, 512, 1024, 2048, 4096, INT64_MAX};

bool is_sequencer(const Program& program, const TimelineStep& step) {
  return std::visit([](const auto& i) { return i.spec.law.rate == Rate::sequencer; },
                    program.code[step.instruction]);
}

using ByEngine = std::array<std::vector<uint32_t>, EnumNames<Engine>::names.size()>;

// The steps of each engine in the order in which they start.
ByEngine steps_by_engine(const CoreTimeline& core) {
  ByEngine by_engine;
  for (uint32_t i = 0; i < core.steps.size(); ++i) {
    by_engine[static_cast<size_t>(core.steps[i].engine)].push_back(i);
  }
  const auto start = [&](uint32_t i) { return std::pair(core.steps[i].start_ns, i); };
  for (std::vector<uint32_t>& steps : by_engine) {
    if (!std::ranges::is_sorted(steps, {}, start)) std::ranges::sort(steps, {}, start);
  }
  return by_engine;
}

void add_engine(const CoreTimeline& core, std::span<const uint32_t> steps, double prologue_ns,
                EngineProfile& engine) {
  double last = prologue_ns, until = 0;
  for (const uint32_t i : steps) {
    const TimelineStep& step = core.steps[i];
    if (is_sequencer(*core.program, step)) continue;
    ++engine.instructions;
    engine.busy_ns += step.free_ns - step.start_ns;
    // What a DMA engine does is not the work of the engine that started it.
    const double to = step.transfer == no_step ? step.end_ns : step.free_ns;
    engine.active_ns += std::max(to - std::max(step.start_ns, until), 0.0);
    until = std::max(until, to);
    const double idle = step.start_ns - last;
    if (idle > 0) engine.waits_ns[static_cast<size_t>(step.wait)] += idle;
    last = step.free_ns;
  }
}

void add_dma(const CoreTimeline& core, DmaProfile& dma) {
  std::vector<std::pair<double, double>> spans;
  spans.reserve(core.transfers.size());
  for (const TimelineTransfer& t : core.transfers) {
    const double engine_ns = t.engine_ns * t.engines;
    ++dma.transfers;
    dma.descriptors += t.descriptors;
    dma.bytes += t.bytes;
    dma.hbm_read_bytes += t.hbm_read_bytes;
    dma.hbm_written_bytes += t.hbm_written_bytes;
    dma.engine_ns += engine_ns;
    const int64_t each = t.bytes / std::max<int64_t>(t.descriptors, 1);
    const auto row = std::ranges::lower_bound(descriptor_sizes, each) - descriptor_sizes.begin();
    DmaSizeProfile& size = dma.by_size[static_cast<size_t>(row)];
    ++size.transfers;
    size.descriptors += t.descriptors;
    size.bytes += t.bytes;
    size.engine_ns += engine_ns;
    spans.emplace_back(t.start_ns, t.end_ns);
  }
  std::ranges::sort(spans);
  double end = 0;
  for (const auto& [from, to] : spans) {
    if (to <= end) continue;
    dma.active_ns += to - std::max(from, end);
    end = to;
  }
}

// Multiplications of one core, and how long they would take without a pause.
void add_flops(const CoreTimeline& core, const Machine& machine, Profile& p) {
  const Program& program = *core.program;
  const Costs costs = costs_of(program);
  const double ns_per_flop_max = 1 / (machine.tensor_tflops_bf16 * 1000);
  for (const TimelineStep& step : core.steps) {
    const Cost& cost = costs.of[step.instruction];
    if (cost.array == no_detail) continue;
    const ArrayCost& array = costs.arrays[cost.array];
    p.flops += array.flops;
    // Each type at its own rate; small tiles as if they filled the array.
    const double ns = std::min(cost.busy_ns, array.flops * ns_per_flop_max * array.passes);
    p.bounds.compute_ns += ns;
    if (array.is_transpose) {
      p.transpose_flops += array.flops;
    } else {
      p.bounds.useful_ns += ns;
    }
  }
}

void add_throttled(const CoreTimeline& core, Profile& p) {
  auto span = core.throttled.begin();
  for (const TimelineStep& step : core.steps) {
    if (step.engine != Engine::tensor) continue;
    while (span != core.throttled.end() && span->end_ns <= step.start_ns) ++span;
    if (span == core.throttled.end()) return;
    if (step.start_ns >= span->start_ns) p.throttled_ns += step.free_ns - step.start_ns;
  }
}

// Bytes of the tensors that come in and go out.
int64_t least_bytes(const Program& program) {
  int64_t bytes = 0;
  std::vector<bool> seen(program.tiles.storage_count());
  for (const Instruction& instruction : program.code) {
    std::visit(
        [&](const auto& i) {
          for_each_tile(i, program.tiles, [&](ViewId id, Access) {
            const Tile tile = program.tiles.tile(id);
            if (tile.on_chip() || seen[tile.storage_id.value]) return;
            seen[tile.storage_id.value] = true;
            const bool is_output = std::ranges::any_of(program.outputs, [&](ViewId o) {
              return program.tiles.storage_of(o) == tile.storage_id;
            });
            if (tile.storage->binding == Binding::internal && !is_output) return;
            bytes += tile.storage->elements() * size_bytes(tile.storage->dtype);
          });
        },
        instruction);
  }
  return bytes;
}

// The core with the last result, and the step that gives it.
std::pair<size_t, uint32_t> last_step(const Timeline& timeline) {
  std::pair<size_t, uint32_t> last{0, no_step};
  double end = -1;
  for (size_t c = 0; c < timeline.cores.size(); ++c) {
    const std::vector<TimelineStep>& steps = timeline.cores[c].steps;
    for (uint32_t i = 0; i < steps.size(); ++i) {
      if (steps[i].end_ns <= end) continue;
      end = steps[i].end_ns;
      last = {c, i};
    }
  }
  return last;
}

// A place in the source, and which kind of instruction stands there.
struct LineKey {
  SourceLocation location;
  size_t kind = 0;

  friend bool operator==(const LineKey&, const LineKey&) = default;
};
struct LineHash {
  size_t operator()(const LineKey& key) const {
    const uint64_t place = uint64_t{key.location.file.value} << 32 | key.location.line;
    return std::hash<uint64_t>{}(place * AllInstructions::size + key.kind);
  }
};
struct LineSum {
  uint32_t instruction = 0;  // one of them
  int64_t steps = 0;
  double ns = 0;
  std::array<int64_t, wait_count> waits{};
};

std::vector<CriticalLine> critical_path(const Timeline& timeline,
                                        std::span<const ByEngine> by_engine) {
  auto [core, at] = last_step(timeline);
  if (at == no_step) return {};
  const std::vector<TimelineStep>& steps = timeline.cores[core].steps;
  const Program& program = *timeline.cores[core].program;
  // The step before on the same engine, for those that waited for nothing else.
  std::vector<uint32_t> previous(steps.size(), no_step);
  for (const std::vector<uint32_t>& of_engine : by_engine[core]) {
    for (size_t i = 1; i < of_engine.size(); ++i) previous[of_engine[i]] = of_engine[i - 1];
  }
  std::unordered_map<LineKey, LineSum, LineHash> sums;
  for (double end = steps[at].end_ns; at != no_step;) {
    const TimelineStep& step = steps[at];
    const uint32_t next = step.waited_for != no_step ? step.waited_for : previous[at];
    // The first one may have waited for its table or its weights.
    const double from = next != no_step ? step.start_ns : timeline.prologue_ns;
    LineSum& sum =
        sums[{program.locations[step.instruction], program.code[step.instruction].index()}];
    sum.instruction = step.instruction;
    ++sum.steps;
    sum.ns += std::max(end - from, 0.0);
    ++sum.waits[static_cast<size_t>(step.wait)];
    end = step.start_ns;
    at = next;
  }
  std::vector<CriticalLine> lines;
  for (const auto& [key, sum] : sums) {
    const auto wait = std::ranges::max_element(sum.waits) - sum.waits.begin();
    lines.push_back({.location = key.location,
                     .name = std::string(name_of(program.code[sum.instruction])),
                     .steps = sum.steps,
                     .ns = sum.ns,
                     .wait = static_cast<Wait>(wait)});
  }
  std::ranges::sort(lines, {}, [](const CriticalLine& line) {
    return std::tuple(-line.ns, line.location.file.value, line.location.line,
                      std::string_view(line.name));
  });
  return lines;
}

}  // namespace

const EngineProfile& Profile::engine(Engine e) const {
  return *std::ranges::find(engines, e, &EngineProfile::engine);
}

Profile make_profile(const Timeline& timeline) {
  const Machine& m = machine(timeline.target);
  const Rates& r = rates(timeline.target);
  Profile p{.total_ns = timeline.total_ns,
            .prologue_ns = timeline.prologue_ns,
            .cores = static_cast<int>(timeline.cores.size())};
  for (const Engine e : engines) p.engines.push_back({.engine = e});
  for (const int64_t size : descriptor_sizes) p.dma.by_size.push_back({size});
  int64_t least = 0;
  std::vector<ByEngine> by_engine;
  for (const CoreTimeline& core : timeline.cores) {
    p.steps += static_cast<int64_t>(core.steps.size());
    by_engine.push_back(steps_by_engine(core));
    for (EngineProfile& engine : p.engines) {
      add_engine(core, by_engine.back()[static_cast<size_t>(engine.engine)], p.prologue_ns, engine);
    }
    add_dma(core, p.dma);
    add_flops(core, m, p);
    add_throttled(core, p);
    least = std::max(least, least_bytes(*core.program));
  }
  p.peak_flops_per_ns = m.tensor_tflops_bf16 * 1000 * p.cores;
  p.hbm_gb_per_s = r.dma.hbm_gb_per_s;
  const double traffic = static_cast<double>(p.dma.hbm_read_bytes + p.dma.hbm_written_bytes);
  p.bounds.memory_ns = traffic / p.hbm_gb_per_s;
  p.bounds.no_reload_ns = static_cast<double>(least) / p.hbm_gb_per_s;
  p.bounds.compute_ns /= p.cores;
  p.bounds.useful_ns /= p.cores;
  const double work = p.flops - p.transpose_flops;
  p.mfu = work / (p.peak_flops_per_ns * p.total_ns);
  p.hfu = p.flops / (p.peak_flops_per_ns * p.total_ns);
  p.mbu = traffic / (p.hbm_gb_per_s * p.total_ns);
  p.flops_per_byte = traffic > 0 ? work / traffic : 0;
  p.critical = critical_path(timeline, by_engine);
  p.advice = give_advice(timeline, p);
  return p;
}

}  // namespace kiln
