// Timeline: when each instruction of a launch would run on the device. Times are in nanoseconds
// from the start of the kernel; they are a model's, with the error that docs/timing_accuracy.md
// tells.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kiln/base/enum_names.h"
#include "kiln/machine/machine.h"
#include "kiln/program/program.h"

namespace kiln {

// Why an instruction did not start when its engine was through with the one before.
enum class Wait : uint8_t {
  none,     // it did
  result,   // of another instruction on an engine
  load,     // of data that a DMA brings
  buffer,   // for memory that was still read or written: address or tile in use
  port,     // for a memory port that another engine held
  weights,  // for the stationary matrix to be in the Tensor engine
  partner,  // for the other members of a meeting
};

template <>
struct EnumNames<Wait> {
  static constexpr std::string_view type = "wait";
  static constexpr std::array<std::string_view, 7> names{"none", "result",  "load",   "buffer",
                                                         "port", "weights", "partner"};
};

inline constexpr uint32_t no_step = UINT32_MAX;

// One instruction, as often as it is executed.
struct TimelineStep {
  uint32_t instruction = 0;         // an index into the program's code
  uint32_t waited_for = no_step;    // the step of the same core that it waited for last
  uint32_t transfer = no_step;      // of a DMA, an index into transfers
  Engine engine = Engine::unknown;  // the one that executes it; of a DMA, the one that starts it
  Wait wait = Wait::none;
  float weights_ns = 0;  // Tensor engine: loading the stationary matrix, which ended at start
  float table_ns = 0;    // Scalar engine: loading the table of the function, before start
  double start_ns = 0;   // the engine begins
  double free_ns = 0;    // the engine can begin the next
  double end_ns = 0;     // the results are where they belong, and who waits for them knows
};

// What the DMA engines do for one instruction: engines [first_engine, first_engine + engines) move
// equal shares at the same time.
struct TimelineTransfer {
  uint32_t step = 0;
  uint8_t first_engine = 0;
  uint8_t engines = 0;
  uint8_t queue = 0;  // index of Timeline::queue_names
  uint32_t descriptors = 0;
  int64_t bytes = 0;
  int64_t hbm_read_bytes = 0;
  int64_t hbm_written_bytes = 0;
  double engine_ns = 0;  // each of the engines works for so long
  double issued_ns = 0;  // handed to the queue
  double start_ns = 0;   // the first byte moves
  double end_ns = 0;     // the last one has
};

// The Tensor engine ran at a fraction of its clock.
struct ThrottleSpan {
  double start_ns = 0;
  double end_ns = 0;
};

struct CoreTimeline {
  const Program* program = nullptr;
  std::vector<TimelineStep> steps;  // in program order
  std::vector<TimelineTransfer> transfers;
  std::vector<ThrottleSpan> throttled;
};

// A form of instruction whose cost is not known: what was taken instead is in `taken`.
struct UnknownCost {
  std::string name;
  std::string taken;
  int64_t count = 0;
};

struct Timeline {
  inline static constexpr std::array<std::string_view, 4> queue_names{"qSyncHwDge", "qScalarHwDge",
                                                                      "qGpSimdSwDge", "qStatic"};

  Generation target = Generation::gen3;
  double total_ns = 0;     // from the start to the last result, the prologue included
  double prologue_ns = 0;  // before the first instruction
  std::vector<CoreTimeline> cores;
  std::vector<UnknownCost> unknown;
};

}  // namespace kiln
