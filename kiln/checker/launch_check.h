// LaunchCheck: checks all members of a launch together, and reports what none of them shows alone:
// races on memory that they share, and tensors that nobody writes or reads.
#pragma once

#include <deque>
#include <span>
#include <vector>

#include "kiln/checker/program_check.h"

namespace kiln {

class LaunchCheck {
 public:
  struct Seat {
    Member member;
    const Program* program = nullptr;
  };

  explicit LaunchCheck(std::span<const Seat> seats);

  // Watches the execution of seat i.
  ProgramCheck& program_check(size_t i) { return checks_[i]; }
  size_t size() const { return checks_.size(); }
  // These members have met.
  void meet(std::span<const Member> members);

  // Goes through the programs without executing them. Members are then not held against each other:
  // what another may have written counts as written.
  void run_without_values();

  // After all have run: what is left to say.
  void finish();
  // Reads of what nobody wrote, and races; each is reported as an error if it changes a result.
  bool has_unwritten_reads() const;
  void report_unwritten_reads(bool reaches_result);
  bool has_races() const { return !races_.empty(); }
  void report_races(bool reaches_result);

  Findings& findings() { return findings_; }
  const Findings& findings() const { return findings_; }
  CheckCounts counts() const;

 private:
  void report_unread_inputs();

  std::vector<Seat> seats_;
  Findings findings_;
  SharedTensors shared_;
  std::deque<ProgramCheck> checks_;  // they stay where they are
  std::vector<Sharing::Race> races_;
  bool executed_ = true;
};

}  // namespace kiln
