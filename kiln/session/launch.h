// Launch: the cores of a launch grid, and the ranks, executed together. Each has a program and an
// execution of its own; they exchange data where they meet.
#pragma once

#include <chrono>
#include <functional>
#include <span>

#include "kiln/collectives/rendezvous.h"
#include "kiln/executor/execution.h"

namespace kiln {

struct Seat {
  Member member;
  const Program* program = nullptr;
  Execution* execution = nullptr;
};

struct TogetherOptions {
  Transport* transport = nullptr;  // to ranks in other processes; null: there are none
  // How long to wait for another process before it counts as missing.
  std::chrono::seconds patience{120};
  // Called now and then while waiting for another process; false stops the launch.
  std::function<bool()> go_on;
  // Members go on in the reverse order: who comes last in the launch comes first.
  bool reversed = false;
  // Called when these members have met.
  std::function<void(std::span<const Member>)> met;
};

// Executes all to their ends. An Error is a fault of one of them, or a deadlock: who waits, where,
// and for whom.
Status execute_together(std::span<const Seat> seats, const TogetherOptions& options = {});

}  // namespace kiln
