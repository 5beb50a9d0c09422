// Writes a timeline as a Perfetto trace (.pftrace), for ui.perfetto.dev and Perfetto's own tools.
// Each core is a process "Instructions <core>"; its engines, DMA engines and DMA queues are
// threads, with a further row for what overlaps. Every process says that it is a simulation.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "kiln/base/result.h"
#include "kiln/timing/timeline.h"

namespace kiln {

// How much of the SBUF is in use from this time on, 0 to 1.
struct SbufUsage {
  double at_ns = 0;
  double fraction = 0;
};

struct PerfettoOptions {
  // With more, those that begin last are left out: browsers fail on files of a few hundred MB.
  int64_t slices_max = 2'000'000;
  // What would need further rows of one track is left out.
  int rows_max = 32;
  // With more dependencies than this, none is written as a flow.
  int64_t flows_max = 200'000;
  // Of a counter that is a mean over time.
  int samples_max = 2000;
  // The text of an instruction of a core's program; asked for once.
  std::function<std::string(size_t core, uint32_t instruction)> operands;
  // By core, in the order of time; empty: no such counter.
  std::vector<std::vector<SbufUsage>> sbuf_usage;
  // Told now and then how much is done, 0 to 1; false stops the writing.
  std::function<bool(double fraction)> progress;
};

struct PerfettoSummary {
  int64_t bytes = 0;
  int64_t slices = 0;
  int64_t slices_left_out = 0;
  int64_t flows = 0;
  int64_t flows_left_out = 0;
  // Slices that begin from here on are left out; past the end if there are none.
  int64_t cut_ns = INT64_MAX;
};

// On an error, and when stopped, what was at `path` stays as it was.
Result<PerfettoSummary> write_perfetto(const Timeline& timeline, const std::filesystem::path& path,
                                       const PerfettoOptions& options = {});

}  // namespace kiln
