// The counters of a trace: DMA throughput and queue, throttling, use of the SBUF.
#pragma once

#include <cstdint>
#include <functional>

#include "kiln/timing/perfetto.h"
#include "kiln/timing/trace_packets.h"

namespace kiln {

// `new_counter` makes a counter track and returns it.
using NewCounter = std::function<uint64_t(std::string_view name, std::string_view unit)>;

void write_counters(TracePackets& packets, const Timeline& timeline, size_t core,
                    const PerfettoOptions& options, const NewCounter& new_counter);

}  // namespace kiln
