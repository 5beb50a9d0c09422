// What a call gives: arrays, and what really ran.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kiln/executor/execution.h"

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

struct CallResult {
  std::vector<HostTensor> outputs;
  std::shared_ptr<const Program> program;  // of the first core
  Provenance provenance;
};

// A view's elements, as a row-major array.
HostTensor copy_view(Execution& execution, const Program& program, ViewId view);

// What the execution has run so far.
Provenance provenance_of(const Program& program, const Execution& execution,
                         const ExecuteOptions& options);

// The program's outputs and what ran; the seconds are the caller's to set.
CallResult result_of(std::shared_ptr<const Program> program, Execution& execution,
                     const ExecuteOptions& options);

// 128 bits in hex that identify what the program computes: its text without source lines.
std::string program_hash(const Program& program);

}  // namespace kiln
