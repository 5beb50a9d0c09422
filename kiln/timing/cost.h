// Cost: what one instruction asks of its engine, and of the DMA engines, by the law beside the
// instruction and the rates of the machine.
#pragma once

#include <vector>

#include "kiln/machine/rates.h"
#include "kiln/program/program.h"
#include "kiln/timing/timeline.h"

namespace kiln {

// Bytes that DMA engines move for one instruction; see TimelineTransfer.
struct TransferCost {
  uint8_t queue = 0;
  uint8_t first_engine = 0;
  uint8_t engines = 0;
  uint32_t descriptors = 0;
  int64_t bytes = 0;
  int64_t hbm_read_bytes = 0;
  int64_t hbm_written_bytes = 0;
  double engine_ns = 0;    // each engine works for so long
  double queue_ns = 0;     // until the queue can take the next
  double dispatch_ns = 0;  // from the start of the instruction to the first byte
  double base_ns = 0;      // latency of the data path
  double notify_ns = 0;    // until who waits can start
};

// What the Tensor engine's array does for one instruction.
struct ArrayCost {
  ViewId stationary;
  float weights_ns = 0;  // loading it
  float rows_share = 1;  // of the array that work
  bool is_transpose = false;
  double flops = 0;
  double passes = 1;  // as often as a column goes through the array, for its type
};

inline constexpr uint32_t no_detail = UINT32_MAX;

struct Cost {
  Engine engine = Engine::sync;
  bool known = true;              // there is a law
  bool free = false;              // takes no time: a sequencer's work
  bool arranged = false;          // of a DMA: the kernel leaves open which engine starts it
  bool fast_mode = false;         // of the Vector engine
  bool uses_psum = false;         // so does its memory port
  uint8_t table = 0;              // of functions that the Scalar engine needs; 0: any
  uint32_t transfer = no_detail;  // of a DMA, an index into Costs::transfers
  uint32_t array = no_detail;     // of the Tensor engine, an index into Costs::arrays
  double busy_ns = 0;             // until the engine can begin the next
  double result_ns = 0;           // until the results are there
};

// Of each instruction of a program. Loops are not followed here.
struct Costs {
  std::vector<Cost> of;
  std::vector<TransferCost> transfers;
  std::vector<ArrayCost> arrays;
};

Costs costs_of(const Program& program);

}  // namespace kiln
