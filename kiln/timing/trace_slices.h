// The slices of a timeline: what is drawn as a bar in a trace, sorted into tracks.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <queue>
#include <string>
#include <utility>
#include <vector>

#include "kiln/timing/timeline.h"

namespace kiln {

// In whole nanoseconds.
struct TraceSlice {
  int64_t begin_ns = 0;
  int64_t end_ns = 0;
  uint32_t step = 0;
};

// Tracks that differ in their row only.
struct TrackGroup {
  enum class Kind : uint8_t {
    weights,     // the Tensor engine loads stationary matrices
    engine,      // what an engine executes
    queue,       // transfers from their issue on
    dma_engine,  // transfers while bytes move
  };
  Kind kind = Kind::engine;
  Engine engine = Engine::unknown;
  uint8_t index = 0;  // of a queue or DMA engine
};

// In the order in which they are shown.
std::vector<TrackGroup> track_groups(const CoreTimeline& core);

// "TensorMatrix Engine", "DMA Engine 3"; to be followed by a row.
std::string name_of(const TrackGroup& group);

int64_t trace_ns(double ns);

// Those that begin before `cut_ns`, in the order of their beginning.
std::vector<TraceSlice> slices_of(const CoreTimeline& core, const TrackGroup& group,
                                  int64_t cut_ns);

// The slice that stands for a step in its dependencies: of a DMA the transfer on its first engine.
// Nothing if a transfer uses no engine.
std::optional<TraceSlice> main_slice(const CoreTimeline& core, uint32_t step);

// The slices of all cores, and where they must be cut for there to be `slices_max` at most.
struct SliceCount {
  std::vector<int64_t> by_core;
  int64_t before_cut = 0;  // of all cores
  int64_t cut_ns = INT64_MAX;
};
SliceCount count_slices(const Timeline& timeline, int64_t slices_max);

// Gives each slice the lowest row on which nothing overlaps it.
class Rows {
 public:
  explicit Rows(int rows_max) : rows_max_(rows_max) {}

  // Of slices in the order of their beginning. Nothing if there is no such row.
  std::optional<size_t> place(const TraceSlice& slice);

 private:
  template <class T>
  using SmallestFirst = std::priority_queue<T, std::vector<T>, std::greater<>>;

  int rows_max_;
  size_t rows_ = 0;
  SmallestFirst<std::pair<int64_t, size_t>> busy_;  // until, row
  SmallestFirst<size_t> free_;
};

}  // namespace kiln
