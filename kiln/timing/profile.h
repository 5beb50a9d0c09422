// Profile: what a timeline says about a launch. Times are in nanoseconds, shares from 0 to 1.
#pragma once

#include <array>
#include <map>
#include <string>
#include <vector>

#include "kiln/timing/timeline.h"

namespace kiln {

inline constexpr size_t wait_count = EnumNames<Wait>::names.size();

struct EngineProfile {
  Engine engine = Engine::unknown;
  int64_t instructions = 0;
  double busy_ns = 0;    // an instruction occupies it; of cores, the sum
  double active_ns = 0;  // likewise, until the results are there: the profiler's active time
  std::array<double, wait_count> waits_ns{};  // idle before an instruction, by Wait
};

// Transfers by the size of their descriptors.
struct DmaSizeProfile {
  int64_t descriptor_bytes_max = 0;  // of this row; the last has no limit
  int64_t transfers = 0;
  int64_t descriptors = 0;
  int64_t bytes = 0;
  double engine_ns = 0;  // all DMA engines together
};

struct DmaProfile {
  int64_t transfers = 0;
  int64_t descriptors = 0;
  int64_t bytes = 0;
  int64_t hbm_read_bytes = 0;
  int64_t hbm_written_bytes = 0;
  double active_ns = 0;  // some engine moves bytes; of cores, the sum
  double engine_ns = 0;  // all engines together
  std::vector<DmaSizeProfile> by_size;
};

// What the program would need if only one thing limited it. Source of the method: the bounds report
// of aws-neuron/neuron-agentic-development.
struct Bounds {
  double memory_ns = 0;     // its HBM traffic at the memory's rate
  double no_reload_ns = 0;  // each input read once, each output written once
  double compute_ns = 0;    // its multiplications at the Tensor engine's rate for their types
  double useful_ns = 0;     // without transposes
};

// A line of the user's source on the critical path: the chain of instructions, each of which
// started when the one before let it, that ends with the last result.
struct CriticalLine {
  SourceLocation location;
  std::string name;  // of the instruction
  int64_t steps = 0;
  double ns = 0;
  Wait wait = Wait::none;  // what it most often stood for
};

struct Advice {
  std::string text;
  SourceLocation location;
  double gain_ns = 0;  // at most
};

struct Profile {
  double total_ns = 0;
  double prologue_ns = 0;
  int cores = 1;
  int64_t steps = 0;
  std::vector<EngineProfile> engines;  // tensor, vector, scalar, gpsimd, sync
  DmaProfile dma;
  double flops = 0;              // multiplications and additions of the Tensor engine
  double transpose_flops = 0;    // of them, those that only move data
  double peak_flops_per_ns = 0;  // bfloat16, of all cores
  double hbm_gb_per_s = 0;       // of all cores
  double throttled_ns = 0;       // the Tensor engine is busy and slow; of cores, the sum
  double mfu = 0, hfu = 0, mbu = 0;
  double flops_per_byte = 0;  // arithmetic intensity
  Bounds bounds;
  std::vector<CriticalLine> critical;  // the longest first
  std::vector<Advice> advice;          // the largest gain first

  const EngineProfile& engine(Engine e) const;
};

Profile make_profile(const Timeline& timeline);

}  // namespace kiln
