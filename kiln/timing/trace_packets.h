// TracePackets: one sequence of Perfetto's trace packets: tracks, slices and counters. It knows the
// format and nothing of timelines. Names and texts are written once and then named by a number.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "kiln/base/enum_names.h"
#include "kiln/base/id.h"
#include "kiln/timing/output_file.h"

namespace kiln {

using EventNameId = Id<struct EventNameTag>;
using TraceTextId = Id<struct TraceTextTag>;

// What can be told of a slice.
enum class SliceArgument : uint8_t {
  duration,
  timestamp,
  opcode,
  operands,
  pc,
  id,
  inst_dep_ids,
  wait,
  nki_source_location,
  bytes,
  descriptors,
  gb_per_s,
  is_simulation,
  target,
  slices_left_out,
  assumed_cost,
};

template <>
struct EnumNames<SliceArgument> {
  static constexpr std::string_view type = "argument";
  static constexpr std::array<std::string_view, 16> names{
      "duration",      "timestamp",   "opcode",
      "operands",      "pc",          "id",
      "inst_dep_ids",  "wait",        "nki_source_location",
      "bytes",         "descriptors", "GB/s",
      "is_simulation", "target",      "slices_left_out",
      "assumed_cost"};
};

class TracePackets {
 public:
  // `sequence` tells the sequences of a file apart; from 1.
  TracePackets(OutputFile& file, uint32_t sequence);

  EventNameId event_name(std::string_view name);
  TraceTextId text(std::string_view text);
  // Without a look whether it has been written: for texts that do not come again.
  TraceTextId new_text(std::string_view text);

  // Processes and threads are shown in the order of their ranks.
  void order_by_rank();
  void describe_process(uint64_t track, int32_t pid, std::string_view name, std::string_view label);
  struct Thread {
    int32_t pid = 0;
    int64_t tid = 0;
    int32_t rank = 0;
  };
  void describe_thread(uint64_t track, const Thread& thread, std::string_view name);
  void describe_counter(uint64_t track, uint64_t process, std::string_view name,
                        std::string_view unit);

  // Slices of a track are begun and ended in the order of time, each after what it lies in. After
  // begin_slice() come its arguments and flows, then finish_event().
  void begin_slice(uint64_t track, int64_t at_ns, EventNameId name);
  void argument(SliceArgument name, int64_t value);
  void argument(SliceArgument name, double value);
  void argument(SliceArgument name, bool value);
  void argument(SliceArgument name, TraceTextId value);
  // The earlier of the two slices with this id has an arrow to the later.
  void flow_from(uint64_t id);
  void flow_to(uint64_t id);
  void finish_event();
  void end_slice(uint64_t track, int64_t at_ns);

  void counter(uint64_t track, int64_t at_ns, double value);

  // Hands what has gathered to the file.
  void flush();

 private:
  void start_event(int type, uint64_t track, int64_t at_ns);
  void finish_argument();
  void write_track();
  void write_packet();

  OutputFile& file_;
  const uint32_t sequence_;
  std::unordered_map<std::string, uint32_t> names_, texts_;
  uint32_t text_count_ = 0;
  int64_t at_ns_ = 0;
  // Messages in the making, kept for their memory.
  std::string out_, packet_, event_, argument_, track_, interned_, entry_;
};

}  // namespace kiln
