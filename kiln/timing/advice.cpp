#include "kiln/timing/advice.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "kiln/machine/rates.h"

namespace kiln {

namespace {

class Advisor {
 public:
  Advisor(const Timeline& timeline, const Profile& profile)
      : timeline_(timeline), p_(profile), rates_(rates(timeline.target)) {}

  std::vector<Advice> run() {
    small_descriptors();
    few_engines();
    reloads();
    buffers();
    transposes();
    slow_array();
    issue_bound();
    std::erase_if(advice_, [&](const Advice& a) { return a.gain_ns < 0.01 * p_.total_ns; });
    std::ranges::sort(advice_, std::greater{},
                      [](const Advice& a) { return std::pair(a.gain_ns, a.location.line); });
    return std::move(advice_);
  }

 private:
  void add(double gain, SourceLocation where, std::string text) {
    advice_.push_back({std::move(text), where, std::min(gain, p_.total_ns)});
  }

  double cores() const { return p_.cores; }

  // The line whose steps have the largest sum of `measure`, and that sum over all lines.
  template <class Fn>
  std::pair<SourceLocation, double> most(Fn&& measure) const {
    std::unordered_map<uint64_t, double> sums;  // by file and line
    double all = 0;
    for (const CoreTimeline& core : timeline_.cores) {
      for (const TimelineStep& step : core.steps) {
        const double value = measure(core, step);
        if (value <= 0) continue;
        const SourceLocation at = core.program->locations[step.instruction];
        sums[uint64_t{at.file.value} << 32 | at.line] += value;
        all += value;
      }
    }
    std::pair<double, uint64_t> best{0, UINT64_MAX};
    for (const auto& [key, value] : sums) best = std::min(best, {-value, key});
    SourceLocation where;
    if (all > 0) {
      where = {FileId{static_cast<uint32_t>(best.second >> 32)},
               static_cast<uint32_t>(best.second)};
    }
    return {where, all};
  }

  // What DMA engines do beside moving bytes.
  void small_descriptors() {
    const double moving = static_cast<double>(p_.dma.bytes) / rates_.dma.gb_per_s;
    const double engines = 16 * cores();
    const auto [where, lost] = most([&](const CoreTimeline& core, const TimelineStep& step) {
      if (step.transfer == no_step) return 0.0;
      const TimelineTransfer& t = core.transfers[step.transfer];
      if (t.bytes / std::max<int64_t>(t.descriptors, 1) >= 2048) return 0.0;
      return t.engine_ns * t.engines - static_cast<double>(t.bytes) / rates_.dma.gb_per_s;
    });
    if (p_.dma.active_ns / cores() < 0.5 * p_.total_ns) return;
    add(std::min(lost, p_.dma.engine_ns - moving) / engines, where,
        "DMA descriptors are shorter than 2 KiB: let each partition's row be longer, so that the "
        "engines move bytes instead of starting descriptors");
  }

  void few_engines() {
    const auto [where, lost] = most([&](const CoreTimeline& core, const TimelineStep& step) {
      if (step.transfer == no_step) return 0.0;
      const TimelineTransfer& t = core.transfers[step.transfer];
      return t.engine_ns * (1 - t.engines / 16.0);
    });
    if (p_.dma.active_ns / cores() < 0.3 * p_.total_ns) return;
    add(lost / cores(), where,
        "transfers use few of the 16 DMA engines, one for each 8 partitions: spread them over all "
        "128 partitions");
  }

  void reloads() {
    const double more = p_.bounds.memory_ns - p_.bounds.no_reload_ns;
    if (p_.bounds.memory_ns < 0.5 * p_.total_ns || more <= 0) return;
    const auto [where, bytes] = most([&](const CoreTimeline& core, const TimelineStep& step) {
      return step.transfer == no_step
                 ? 0.0
                 : static_cast<double>(core.transfers[step.transfer].hbm_read_bytes);
    });
    add(more, where,
        fmt::format("HBM is read {:.1f} times as much as its tensors are large: keep what is used "
                    "again in SBUF",
                    p_.bounds.memory_ns / std::max(p_.bounds.no_reload_ns, 1.0)));
  }

  void buffers() {
    const auto [where, lost] = most([&](const CoreTimeline& core, const TimelineStep& step) {
      if (step.wait != Wait::buffer || step.waited_for == no_step) return 0.0;
      const TimelineStep& other = core.steps[step.waited_for];
      return std::min(step.start_ns - other.start_ns, step.free_ns - step.start_ns);
    });
    add(lost / cores(), where,
        "instructions wait for a buffer that is still in use: give the tile more buffers, or "
        "allocate it inside the loop");
  }

  void transposes() {
    const auto [where, ns] = most([&](const CoreTimeline& core, const TimelineStep& step) {
      const bool is = name_of(core.program->code[step.instruction]) == "nc_transpose";
      return is && step.engine == Engine::tensor ? step.free_ns - step.start_ns : 0.0;
    });
    add(ns / cores(), where,
        "the Tensor engine transposes: load the tile transposed (dma_transpose), or keep it in the "
        "layout that is needed");
  }

  void slow_array() {
    const auto [where, ns] = most([&](const CoreTimeline&, const TimelineStep& step) {
      return step.engine == Engine::tensor ? step.free_ns - step.start_ns : 0.0;
    });
    add(p_.throttled_ns / cores() / 2, where,
        "the Tensor engine runs at half speed because it is busy for less than half of each window "
        "of 3.4 us: feed it without gaps, and fill all 128 rows");
  }

  void issue_bound() {
    const auto [where, ns] = most([&](const CoreTimeline&, const TimelineStep& step) {
      return step.transfer != no_step && step.engine == Engine::sync ? step.free_ns - step.start_ns
                                                                     : 0.0;
    });
    if (ns / cores() < 0.8 * p_.total_ns) return;
    add(ns / cores() - p_.dma.engine_ns / 16 / cores(), where,
        "the Sync engine starts transfers without a pause: make them fewer and larger, or start "
        "some from the Scalar engine (engine=)");
  }

  const Timeline& timeline_;
  const Profile& p_;
  const Rates& rates_;
  std::vector<Advice> advice_;
};

}  // namespace

std::vector<Advice> give_advice(const Timeline& timeline, const Profile& profile) {
  return Advisor(timeline, profile).run();
}

}  // namespace kiln
