// MemoryReport: how a program uses SBUF and PSUM over time, who owns them at the peak, and the one
// change that helps most. Numbers for people; nothing else is decided by them.
#pragma once

#include <string>
#include <vector>

#include "kiln/placement/owners.h"
#include "kiln/placement/placement.h"

namespace kiln {

// From this instruction to the next step, `bytes` of each partition are in use. Of long programs
// a step is the largest of a stretch.
struct MemoryStep {
  uint32_t instruction = 0;
  int64_t bytes = 0;
};

// A life and where it lies.
struct MemoryBlock {
  StorageId storage;
  LiveRange range;
  Address address;
  int64_t bytes = 0;
};

struct MemoryAdvice {
  std::string text;  // empty: nothing that helps was found
  SourceLocation location;
  int64_t gain_bytes = 0;  // by so much the peak sinks
};

struct MemoryUse {
  Memory memory = Memory::sbuf;
  int64_t capacity_bytes = 0;  // of a partition, as the others
  int64_t bank_bytes = 0;      // 0: there are no banks
  int64_t peak_bytes = 0;      // alive in the fullest partition
  uint32_t peak_instruction = 0;
  int64_t bound_bytes = 0;                    // what every placement needs, as least_bytes() says
  int64_t extent_bytes = 0;                   // end of the highest address in use
  size_t used = 0, unused = 0, unplaced = 0;  // tensors
  std::vector<MemoryStep> steps;
  std::vector<OwnerGroup> owners;            // at the peak, the largest first
  std::vector<MemoryBlock> at_peak;          // by address
  std::vector<std::vector<uint32_t>> banks;  // who is in each at the peak, as indices of at_peak
  std::vector<MemoryBlock> blocks;           // the largest and a sample, by first instruction
  size_t blocks_left_out = 0;
  MemoryAdvice advice;
};

struct MemoryReport {
  MemoryUse sbuf, psum;
};

MemoryReport memory_report(const Program& program, const Placement& placement);

}  // namespace kiln
