// Call: one call of a kernel on one member of a launch: a core, of a rank. It records, and executes
// what was recorded when a value is asked for, or at the end together with the other members. It
// tells what really ran.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "kiln/program/recorder.h"
#include "kiln/session/launch.h"
#include "kiln/session/result.h"
#include "kiln/session/shared_memory.h"

namespace kiln {

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
  Result<Seat> take_seat();
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
  std::chrono::steady_clock::time_point started_;
  double record_seconds_ = 0;
  double execute_seconds_ = 0;
};

// Executes these calls together: the members of one launch, each after its end(). The results are
// in the order of the calls.
Result<std::vector<CallResult>> execute(std::span<Call* const> launch,
                                        const TogetherOptions& options = {});

// threads = 0 becomes the CPUs this process may use, and no CPU level the one that KILN_CPU names,
// else the best; an Error if KILN_CPU names one that is not available.
Result<ExecuteOptions> resolve(ExecuteOptions options);

}  // namespace kiln
