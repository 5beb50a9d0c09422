// Running recorded programs: one on one core, or one for each core of every rank of a launch.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "kiln/session/launch.h"
#include "kiln/session/result.h"

namespace kiln {

// Runs a program with these inputs, in the order of program.inputs, and writes into them in place.
// An Error also if an input's size or dtype differs from what the program wants.
Result<CallResult> run(std::shared_ptr<const Program> program,
                       const std::vector<HostTensor>& inputs, const ExecuteOptions& options);

// A rank of a launch: a program for each of its cores, and what they are given, in the order of
// their inputs.
struct RankPrograms {
  int32_t rank = 0;
  std::vector<std::shared_ptr<const Program>> cores;
  std::vector<HostTensor> inputs;
};

// The members of a launch, ready to be executed.
struct Seated {
  std::vector<std::unique_ptr<Execution>> executions;
  std::vector<Seat> seats;
};
// `options` from resolve(). An Error if an input's size or dtype differs from what a program wants.
Result<Seated> seat_ranks(std::span<const RankPrograms> ranks, const ExecuteOptions& options);

// A rank and its inputs, in the order of its programs' inputs.
struct RankInputs {
  int32_t rank = 0;
  std::vector<HostTensor> inputs;
};

// Runs ranks that exchange data by collectives: each executes the same programs, one for each core,
// with inputs of its own. The results are those of each rank's first core, in the order of `ranks`,
// and their provenance counts all cores of the rank. Ranks of other processes are reached by
// `together.transport`; give those of this process.
Result<std::vector<CallResult>> run_ranks(std::span<const std::shared_ptr<const Program>> programs,
                                          std::span<const RankInputs> ranks,
                                          const ExecuteOptions& options,
                                          const TogetherOptions& together = {});

}  // namespace kiln
