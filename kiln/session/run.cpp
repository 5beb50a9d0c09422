#include "kiln/session/run.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>

#include "kiln/session/call.h"
#include "kiln/session/shared_memory.h"

namespace kiln {

namespace {

Status bind_inputs(Execution& execution, const Program& program,
                   const std::vector<HostTensor>& inputs) {
  if (inputs.size() != program.inputs.size()) {
    return Error{fmt::format("{} has {} inputs; {} were given", program.kernel,
                             program.inputs.size(), inputs.size())};
  }
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Storage& storage = program.tiles.storage(program.inputs[i]);
    const HostTensor& given = inputs[i];
    const std::span wanted(storage.shape.at.data(), storage.rank);
    if (given.dtype != storage.dtype ||
        !std::equal(wanted.begin(), wanted.end(), given.shape.begin(), given.shape.end())) {
      return Error{fmt::format("input '{}' is {} ({}); the program wants {} ({})", storage.name,
                               name_of(given.dtype), fmt::join(given.shape, ", "),
                               name_of(storage.dtype), fmt::join(wanted, ", "))};
    }
    execution.bind(program.inputs[i], given.buffer);
  }
  return Done{};
}

}  // namespace

Result<CallResult> run(std::shared_ptr<const Program> program,
                       const std::vector<HostTensor>& inputs, const ExecuteOptions& options) {
  const RankInputs alone{0, inputs};
  Result<std::vector<CallResult>> results = run_ranks({&program, 1}, {&alone, 1}, options);
  if (!results) return results.error();
  return std::move(results->front());
}

Result<Seated> seat_ranks(std::span<const RankPrograms> ranks, const ExecuteOptions& options) {
  Seated seated;
  for (const RankPrograms& rank : ranks) {
    const auto shared = rank.cores.size() > 1 ? std::make_shared<SharedMemory>() : nullptr;
    for (size_t core = 0; core < rank.cores.size(); ++core) {
      const Program& program = *rank.cores[core];
      Execution& execution =
          *seated.executions.emplace_back(std::make_unique<Execution>(program, options));
      const Member member{rank.rank, static_cast<int32_t>(core)};
      execution.set_member(member);
      if (Status status = bind_inputs(execution, program, rank.inputs); !status) {
        return status.error();
      }
      Status bound = SharedMemory::Core(shared).bind_new(program.tiles, execution, options.fresh);
      if (!bound) return bound.error();
      seated.seats.push_back({member, &program, &execution});
    }
  }
  return seated;
}

Result<std::vector<CallResult>> run_ranks(std::span<const std::shared_ptr<const Program>> programs,
                                          std::span<const RankInputs> ranks,
                                          const ExecuteOptions& given,
                                          const TogetherOptions& together) {
  const Result<ExecuteOptions> options = resolve(given);
  if (!options) return options.error();
  std::vector<RankPrograms> launch;
  for (const RankInputs& rank : ranks) {
    launch.push_back({rank.rank, {programs.begin(), programs.end()}, rank.inputs});
  }
  Result<Seated> seated = seat_ranks(launch, *options);
  if (!seated) return seated.error();
  const auto start = std::chrono::steady_clock::now();
  if (Status status = execute_together(seated->seats, together); !status) return status.error();
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;

  std::vector<CallResult> results;
  for (size_t i = 0; i < seated->seats.size(); ++i) {
    const size_t core = i % programs.size();
    Execution& execution = *seated->executions[i];
    if (core == 0) {
      results.push_back(result_of(programs[0], execution, *options));
      results.back().provenance.execute_seconds =
          seconds.count() / static_cast<double>(ranks.size());
    } else {
      results.back().provenance.add(provenance_of(*programs[core], execution, *options));
    }
  }
  return results;
}

}  // namespace kiln
