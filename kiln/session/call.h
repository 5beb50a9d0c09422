// Call: one call of a kernel on one member of a launch: a core, of a rank. It records, and executes
// what was recorded when a value is asked for, or at the end together with the other members. It
// tells what really ran.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "kiln/executor/execution.h"
#include "kiln/program/recorder.h"
#include "kiln/session/launch.h"

namespace kiln {

// A row-major array in host memory.
struct HostTensor {
  HostBuffer buffer;
  DType dtype = DType::float32;
  std::vector<int64_t> shape;
};

// What really ran. There are no fallbacks: what is named here is what computed the result.
struct Provenance {
  std::string backend;  // "cpu avx512"
  std::string kernel;
  Generation target = Generation::gen3;
  int cores = 1;
  int threads = 1;
  std::vector<std::pair<std::string_view, int64_t>> instructions;  // executed, by kind
  int64_t by_routine = 0;    // executed by a vectorised routine
  int64_t by_reference = 0;  // executed by the instruction's scalar meaning
  double record_seconds = 0;
  double execute_seconds = 0;
  int64_t memory_bytes = 0;  // peak, without the caller's arrays

  // Adds another core's share.
  void add(const Provenance& core);
};

// Memory that the cores of a launch grid share: tensors in shared_hbm of one name, or without a
// name, are one by the order in which each core allocates them.
class SharedMemory {
 public:
  // One core's view of it: it asks for its shared tensors in order.
  class Core {
   public:
    explicit Core(std::shared_ptr<SharedMemory> shared) : shared_(std::move(shared)) {}
    HostBuffer next(const Storage& storage, Bits fresh_integer);

   private:
    std::shared_ptr<SharedMemory> shared_;
    std::map<std::string, size_t> seen_;
  };

 private:
  std::map<std::pair<std::string, size_t>, HostBuffer> buffers_;
};

// What integers that were never written hold, in the release.
Bits fresh_integer_in(Compat compat);

struct CallOptions {
  std::string kernel;
  Generation target = Generation::gen3;
  Compat compat = Compat::nki_0_6;
  ExecuteOptions execute;     // from resolve()
  bool keep_float32 = false;  // low-precision tensors are kept in float32, outputs too
  Member member;
  std::shared_ptr<SharedMemory> shared;  // with other cores; none: this core is alone
};

struct CallResult {
  std::vector<HostTensor> outputs;
  std::shared_ptr<const Program> program;  // of the first core
  Provenance provenance;
};

class Call {
 public:
  explicit Call(CallOptions options);

  Recorder& recorder() { return recorder_; }

  // An argument of the kernel: its bytes are read and written in place.
  ViewId input(const TensorSpec& spec, HostBuffer buffer);

  // A view's value now, after executing what has been recorded so far.
  Result<HostTensor> look(ViewId view);

  // Ends the recording.
  std::shared_ptr<const Program> end(const std::vector<ViewId>& outputs);

  // After end(), and only if the report has no errors: executes the rest, alone.
  Result<CallResult> execute();

 private:
  friend Result<std::vector<CallResult>> execute(std::span<Call* const> launch,
                                                 const TogetherOptions& options);

  Execution& execution();
  // This call as a member of a launch, with its memory bound.
  Seat take_seat();
  // Executes, alone, what has been recorded.
  Status advance();
  CallResult result();
  // As look and execute, for keep_float32: a widened copy runs from the start.
  Result<CallResult> run_wide(const std::vector<ViewId>& outputs, bool update_inputs);

  const CallOptions options_;
  Recorder recorder_;
  std::vector<std::pair<StorageId, HostBuffer>> inputs_;
  std::unique_ptr<Execution> execution_;
  std::shared_ptr<const Program> program_;
  SharedMemory::Core shared_;
  size_t shared_seen_ = 0;  // storages searched for shared tensors so far
  std::chrono::steady_clock::time_point started_;
  double record_seconds_ = 0;
  double execute_seconds_ = 0;
};

// Executes these calls together: the members of one launch, each after its end(). The results are
// in the order of the calls.
Result<std::vector<CallResult>> execute(std::span<Call* const> launch,
                                        const TogetherOptions& options = {});

// Runs a program with these inputs, in the order of program.inputs, and writes into them in place.
// An Error also if an input's size or dtype differs from what the program wants.
Result<CallResult> run(std::shared_ptr<const Program> program,
                       const std::vector<HostTensor>& inputs, const ExecuteOptions& options);

// 128 bits in hex that identify what the program computes: its text without source lines.
std::string program_hash(const Program& program);

// threads = 0 becomes the CPUs this process may use, and no CPU level the one that KILN_CPU names,
// else the best; an Error if KILN_CPU names one that is not available.
Result<ExecuteOptions> resolve(ExecuteOptions options);

}  // namespace kiln
