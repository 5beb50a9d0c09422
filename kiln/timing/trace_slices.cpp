#include "kiln/timing/trace_slices.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace kiln {

namespace {

using Kind = TrackGroup::Kind;

std::string_view track_name(Engine engine) {
  switch (engine) {
    case Engine::tensor:
      return "TensorMatrix Engine";
    case Engine::vector:
      return "Vector Engine";
    case Engine::scalar:
      return "Scalar Engine";
    case Engine::gpsimd:
      return "GpSimd Engine";
    case Engine::sync:
      return "Sync Engine";
    case Engine::dma:
      return "DMA Queues";
    case Engine::unknown:
      break;
  }
  return "No Engine";
}

TraceSlice weights_slice(const TimelineStep& step, uint32_t index) {
  return {trace_ns(step.start_ns - static_cast<double>(step.weights_ns)), trace_ns(step.start_ns),
          index};
}

bool has_engine_slice(const TimelineStep& step) {
  // A transfer is drawn as such; its start too if that takes an engine's time.
  return step.transfer == no_step || step.free_ns > step.start_ns;
}

TraceSlice engine_slice(const TimelineStep& step, uint32_t index) {
  const double end_ns = step.transfer == no_step ? step.end_ns : step.free_ns;
  return {trace_ns(step.start_ns), trace_ns(end_ns), index};
}

TraceSlice transfer_slice(const TimelineTransfer& transfer) {
  return {trace_ns(transfer.start_ns), trace_ns(transfer.end_ns), transfer.step};
}

bool uses(const TimelineTransfer& transfer, uint8_t dma_engine) {
  return dma_engine >= transfer.first_engine &&
         dma_engine - transfer.first_engine < transfer.engines;
}

// Calls fn with each slice of the group, in program order.
template <class Fn>
void for_each_slice(const CoreTimeline& core, const TrackGroup& group, Fn&& fn) {
  if (group.kind == Kind::weights || group.kind == Kind::engine) {
    for (uint32_t i = 0; i < core.steps.size(); ++i) {
      const TimelineStep& step = core.steps[i];
      if (step.engine != group.engine) continue;
      if (group.kind == Kind::weights) {
        if (step.weights_ns > 0) fn(weights_slice(step, i));
      } else if (has_engine_slice(step)) {
        fn(engine_slice(step, i));
      }
    }
    return;
  }
  for (const TimelineTransfer& transfer : core.transfers) {
    if (group.kind == Kind::dma_engine) {
      if (uses(transfer, group.index)) fn(transfer_slice(transfer));
    } else if (transfer.queue == group.index) {
      fn(TraceSlice{trace_ns(transfer.issued_ns), trace_ns(transfer.end_ns), transfer.step});
    }
  }
}

}  // namespace

int64_t trace_ns(double ns) { return std::max<int64_t>(0, std::llround(ns)); }

std::vector<TrackGroup> track_groups(const CoreTimeline& core) {
  std::vector<TrackGroup> groups{{Kind::weights, Engine::tensor}};
  for (const Engine engine : {Engine::tensor, Engine::vector, Engine::scalar, Engine::gpsimd,
                              Engine::sync, Engine::dma, Engine::unknown}) {
    groups.push_back({Kind::engine, engine});
  }
  for (size_t i = 0; i < Timeline::queue_names.size(); ++i) {
    groups.push_back({Kind::queue, Engine::dma, static_cast<uint8_t>(i)});
  }
  int dma_engines = 0;
  for (const TimelineTransfer& transfer : core.transfers) {
    dma_engines = std::max(dma_engines, transfer.first_engine + transfer.engines);
  }
  for (int i = 0; i < dma_engines; ++i) {
    groups.push_back({Kind::dma_engine, Engine::dma, static_cast<uint8_t>(i)});
  }
  return groups;
}

std::string name_of(const TrackGroup& group) {
  switch (group.kind) {
    case Kind::weights:
      return "Tensor Engine";
    case Kind::engine:
      break;
    case Kind::queue:
      return std::string(Timeline::queue_names[group.index]);
    case Kind::dma_engine:
      return fmt::format("DMA Engine {}", group.index);
  }
  return std::string(track_name(group.engine));
}

std::vector<TraceSlice> slices_of(const CoreTimeline& core, const TrackGroup& group,
                                  int64_t cut_ns) {
  std::vector<TraceSlice> slices;
  for_each_slice(core, group, [&](const TraceSlice& slice) {
    if (slice.begin_ns < cut_ns) slices.push_back(slice);
  });
  const auto begins_earlier = [](const TraceSlice& a, const TraceSlice& b) {
    return std::pair(a.begin_ns, a.step) < std::pair(b.begin_ns, b.step);
  };
  if (!std::is_sorted(slices.begin(), slices.end(), begins_earlier)) {
    std::sort(slices.begin(), slices.end(), begins_earlier);
  }
  return slices;
}

std::optional<TraceSlice> main_slice(const CoreTimeline& core, uint32_t step) {
  const TimelineStep& timed = core.steps[step];
  if (timed.transfer == no_step) return engine_slice(timed, step);
  const TimelineTransfer& transfer = core.transfers[timed.transfer];
  if (transfer.engines == 0) return std::nullopt;
  return transfer_slice(transfer);
}

SliceCount count_slices(const Timeline& timeline, int64_t slices_max) {
  SliceCount count;
  const auto for_all = [&](const CoreTimeline& core, auto&& fn) {
    for (const TrackGroup& group : track_groups(core)) for_each_slice(core, group, fn);
  };
  for (const CoreTimeline& core : timeline.cores) {
    int64_t& slices = count.by_core.emplace_back(0);
    for_all(core, [&](const TraceSlice&) { ++slices; });
    count.before_cut += slices;
  }
  if (count.before_cut <= slices_max) return count;

  std::vector<int64_t> begins;
  begins.reserve(static_cast<size_t>(count.before_cut));
  for (const CoreTimeline& core : timeline.cores) {
    for_all(core, [&](const TraceSlice& slice) { begins.push_back(slice.begin_ns); });
  }
  const auto first_left_out = begins.begin() + std::max<int64_t>(slices_max, 0);
  std::nth_element(begins.begin(), first_left_out, begins.end());
  count.cut_ns = *first_left_out;
  count.before_cut = std::count_if(begins.begin(), first_left_out,
                                   [&](int64_t begin_ns) { return begin_ns < count.cut_ns; });
  return count;
}

std::optional<size_t> Rows::place(const TraceSlice& slice) {
  while (!busy_.empty() && busy_.top().first <= slice.begin_ns) {
    free_.push(busy_.top().second);
    busy_.pop();
  }
  if (free_.empty()) {
    if (rows_ == static_cast<size_t>(rows_max_)) return std::nullopt;
    free_.push(rows_++);
  }
  const size_t row = free_.top();
  free_.pop();
  busy_.emplace(slice.end_ns, row);
  return row;
}

}  // namespace kiln
