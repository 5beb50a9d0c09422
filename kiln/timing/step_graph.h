// StepGraph: what the steps of one core wait for: data, memory in use, engines' registers. Steps
// are instructions as often as they are executed, numbered in program order.
#pragma once

#include <span>
#include <vector>

#include "kiln/placement/placement.h"
#include "kiln/timing/cost.h"

namespace kiln {

// A queue that is worked through in order. Where the kernel leaves open who starts loads and
// stores, neither waits for the other, or for what an engine computes: as a compiler would arrange
// them.
enum class Stream : uint8_t { tensor, vector, scalar, gpsimd, loads, stores, ranks, sequencer };
inline constexpr size_t stream_count = 8;

// An earlier step, and why it has to come first: for its result, or for memory that it uses.
class Before {
 public:
  Before(uint32_t step, bool for_buffer) : bits_(step << 1 | uint32_t{for_buffer}) {}

  uint32_t step() const { return bits_ >> 1; }
  bool for_buffer() const { return (bits_ & 1) != 0; }

 private:
  uint32_t bits_;
};

class StepGraph {
 public:
  StepGraph(const Program& program, const Placement& placement, const Costs& costs,
            std::span<const uint32_t> sequence);

  std::span<const Before> before(uint32_t step) const {
    return std::span(before_).subspan(first_[step], first_[step + 1] - first_[step]);
  }
  Stream stream(uint32_t step) const { return streams_[step]; }

 private:
  std::vector<Stream> streams_;  // by step
  std::vector<uint32_t> first_;  // by step, an index into before_
  std::vector<Before> before_;
};

}  // namespace kiln
