// Execution: runs a program on this CPU. The result depends on the program and its inputs only, not
// on the number of threads.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "kiln/base/result.h"
#include "kiln/executor/cpu.h"
#include "kiln/executor/memory_image.h"
#include "kiln/program/observer.h"

namespace kiln {

struct Progress {
  int64_t done = 0;   // instructions executed
  int64_t total = 0;  // of the program; an estimate if it has loops
};

struct ExecuteOptions {
  int threads = 1;              // 0: what session's resolve() finds
  std::optional<CpuLevel> cpu;  // none: likewise; here, scalar
  bool reference_only = false;  // each instruction's own execute(), no routines
  FreshMemory fresh;
  // Called now and then on the calling thread; false stops the execution.
  std::function<bool(const Progress&)> tick;
};

// What was executed, and how.
struct ExecutionCounts {
  std::vector<int64_t> by_kind;  // as in AllInstructions
  int64_t by_routine = 0;
  int64_t by_reference = 0;
  int threads = 1;
};

// Where an execution has stopped: at the end of what is recorded, before an instruction that it
// executes together with other members of the launch, or because its turn was over.
enum class Stop : uint8_t { end, meeting, turn };

class Execution {
 public:
  // `program` must outlive the execution and may grow between calls of advance.
  Execution(const Program& program, ExecuteOptions options);

  // Binds an HBM storage to the caller's memory.
  void bind(StorageId id, HostBuffer buffer) { image_.bind(id, std::move(buffer)); }
  // Keeps memory of dead tiles, so that they can be looked at.
  void keep_tiles() { keep_tiles_ = true; }

  // Lets the observer watch what follows; it must outlive the execution.
  void watch(Observer& observer);

  // Which member of the launch this is; the first core of rank 0 unless said.
  void set_member(Member member) { memory_.set_member(member); }

  // Executes what has been recorded since the last stop, up to the next, at most `turn`
  // instructions. An Error is a fault of the program at run time, with its source line, or says
  // that the execution was stopped.
  Result<Stop> advance(size_t turn = std::numeric_limits<size_t>::max());
  // The instruction that is executed next.
  size_t position() const { return position_; }
  // Where the execution ended by a fault of the program, and what it was.
  struct Fault {
    size_t instruction = 0;
    std::string message;
  };
  const std::optional<Fault>& fault() const { return fault_; }
  // Goes on behind the meeting where it stopped, which has been held.
  Status pass_meeting();
  TileMemory& memory() { return memory_; }
  // Makes sure that the meeting's tiles have memory.
  void prepare_meeting() { (this->*prepare_)(position_); }

  // The view's elements now.
  TileAccess read(ViewId id);
  HostBuffer share(StorageId id) { return image_.share(id); }

  const ExecutionCounts& counts() const { return counts_; }
  int64_t peak_bytes() const { return image_.peak_bytes(); }

 private:
  // How one kind of instruction is run: its routine, if there is one, or its own meaning.
  struct Runner {
    bool (*run)(const Instruction& instruction, TileMemory& memory, const void* routine);
    const void* routine;
  };

  // A loop that is being executed.
  struct Iteration {
    int64_t next, upper;
  };

  void follow_program();
  void count_uses();
  size_t next_stop(size_t turn) const;
  bool is_at_meeting() const { return meets_[program_.code[position_].index()]; }
  void prepare(size_t index);
  void prepare_observed(size_t index);
  void execute(size_t index);
  void count(size_t index, bool fast);
  void retire(size_t index);
  void renew_tiles(size_t index);
  Status run_in_order(size_t last);
  Status run_with_loops(size_t turn);
  size_t step(size_t index);
  Status run_scheduled(size_t last);
  Status outcome(size_t index);
  Status failed(Fault fault);
  bool tick(size_t done);

  const Program& program_;
  const ExecuteOptions options_;
  // What comes before an instruction: prepare(), or prepare_observed().
  void (Execution::*prepare_)(size_t) = &Execution::prepare;
  Observer* observer_ = nullptr;
  std::mutex observing_;
  TileMemory memory_;
  MemoryImage image_;
  std::vector<Runner> runners_;  // by kind
  std::vector<bool> meets_;      // by kind: is a meeting
  bool keep_tiles_ = false;
  size_t position_ = 0;
  std::optional<Fault> fault_;
  size_t known_ = 0;                // instructions whose uses are counted
  bool has_loops_ = false;          // among them
  std::vector<uint32_t> partners_;  // of loops and their ends
  std::vector<uint32_t>
      first_born_;  // by instruction: the first storage allocated before it or later
  std::vector<Iteration> iterations_;             // of the loops around position_, outermost first
  std::vector<std::atomic<uint32_t>> uses_left_;  // of each storage
  ExecutionCounts counts_;
  std::chrono::steady_clock::time_point next_tick_;
};

}  // namespace kiln
