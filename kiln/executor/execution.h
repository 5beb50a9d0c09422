// Execution: runs a program on this CPU. The result depends on the program and its inputs only, not
// on the number of threads.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "kiln/base/result.h"
#include "kiln/executor/cpu.h"
#include "kiln/executor/memory_image.h"

namespace kiln {

struct Progress {
  int64_t done = 0;   // instructions executed
  int64_t total = 0;  // of the program; an estimate if it has loops
};

struct ExecuteOptions {
  int threads = 1;              // 0: what session's resolve() finds
  std::optional<CpuLevel> cpu;  // none: likewise; here, scalar
  bool reference_only = false;  // each instruction's own execute(), no routines
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

class Execution {
 public:
  // `program` must outlive the execution and may grow between calls of advance.
  Execution(const Program& program, ExecuteOptions options);

  // Binds an HBM storage to the caller's memory.
  void bind(StorageId id, HostBuffer buffer) { image_.bind(id, std::move(buffer)); }
  // Keeps memory of dead tiles, so that they can be looked at.
  void keep_tiles() { keep_tiles_ = true; }

  // Executes what has been recorded since the last call. An Error is a fault of the program at run
  // time, with its source line, or says that the execution was stopped.
  Status advance();

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

  void count_uses(size_t first);
  void execute(size_t index);
  void retire(size_t index);
  Status run_in_order(size_t first);
  Status run_with_loops(size_t first);
  Status run_scheduled(size_t first);
  Status outcome(size_t index) const;
  bool tick(size_t done);

  const Program& program_;
  const ExecuteOptions options_;
  TileMemory memory_;
  MemoryImage image_;
  std::vector<Runner> runners_;  // by kind
  bool keep_tiles_ = false;
  size_t executed_ = 0;
  std::vector<std::atomic<uint32_t>> uses_left_;  // of each storage
  ExecutionCounts counts_;
  std::chrono::steady_clock::time_point next_tick_;
};

}  // namespace kiln
