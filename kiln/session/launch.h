// Launch: the cores of a launch grid, and the ranks, executed together. Each has a program and an
// execution of its own; they exchange data where they meet.
#pragma once

#include <span>

#include "kiln/collectives/rendezvous.h"
#include "kiln/executor/execution.h"

namespace kiln {

struct Seat {
  Member member;
  const Program* program = nullptr;
  Execution* execution = nullptr;
};

// Executes all to their ends. An Error is a fault of one of them, or a deadlock: who waits, where,
// and for whom.
Status execute_together(std::span<const Seat> seats);

}  // namespace kiln
