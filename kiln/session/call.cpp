#include "kiln/session/call.h"

#include <cstring>

#include "kiln/base/thread_pool.h"
#include "kiln/placement/capacity.h"
#include "kiln/program/widen.h"
#include "kiln/session/run.h"

namespace kiln {

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// What the release decides beside the instructions' meaning.
CallOptions as_released(CallOptions options) {
  options.execute.fresh.integer = fresh_integer_in(options.compat);
  return options;
}

// A core that is alone in its launch meets no other one.
void check_is_together(Recorder& recorder, Member self) {
  const Program& program = recorder.program();
  for (size_t i = 0; i < program.code.size(); ++i) {
    std::visit(
        [&](const auto& instruction) {
          using T = std::decay_t<decltype(instruction)>;
          if constexpr (is_meeting<T>) {
            const Result<Meeting> meeting = instruction.meeting(program.tiles, self);
            if (!meeting) return;
            for (const Member& other : meeting->members) {
              if (other.rank != self.rank || other.core == self.core) continue;
              recorder.report().at(program.locations[i], T::spec.name);
              recorder.report().add(diag::bad_argument,
                                    "meets core {}; the launch has one core, it needs a grid of 2",
                                    other.core);
            }
          }
        },
        program.code[i]);
  }
}

}  // namespace

Bits fresh_integer_in(Compat compat) {
  return compat == Compat::nki_0_3 ? 0 : FreshMemory{}.integer;
}

Result<ExecuteOptions> resolve(ExecuteOptions options) {
  if (options.threads <= 0) options.threads = available_cpus();
  if (!options.cpu) {
    const Result<CpuLevel> level = chosen_cpu_level();
    if (!level) return level.error();
    options.cpu = *level;
  }
  return options;
}

Call::Call(CallOptions options)
    : options_(as_released(std::move(options))),
      recorder_(options_.kernel, options_.target, options_.compat),
      shared_(options_.shared),
      started_(Clock::now()) {}

ViewId Call::input(const TensorSpec& spec, HostBuffer buffer) {
  const ViewId view = recorder_.input(spec);
  inputs_.emplace_back(recorder_.tiles().storage_of(view), std::move(buffer));
  return view;
}

Execution& Call::execution() {
  if (!execution_) {
    execution_ = std::make_unique<Execution>(recorder_.program(), options_.execute);
    execution_->set_member(options_.member);
    for (auto& [id, buffer] : inputs_) execution_->bind(id, buffer);
  }
  return *execution_;
}

Result<Seat> Call::take_seat() {
  Execution& e = execution();
  const Status bound = shared_.bind_new(recorder_.tiles(), e, options_.execute.fresh);
  if (!bound) return bound.error();
  return Seat{options_.member, &recorder_.program(), &e};
}

Status Call::advance() {
  const Result<Seat> seat = take_seat();
  if (!seat) return seat.error();
  const auto start = Clock::now();
  Status status = execute_together({&*seat, 1});
  execute_seconds_ += seconds_since(start);
  return status;
}

Result<CallResult> Call::run_wide(const std::vector<ViewId>& outputs, bool update_inputs) {
  const Result<std::shared_ptr<Program>> wide = widen_low_precision(recorder_.program());
  if (!wide) return wide.error();
  (*wide)->outputs = outputs;
  std::vector<HostTensor> inputs;
  for (const auto& [id, buffer] : inputs_) {
    const Storage& storage = recorder_.tiles().storage(id);
    HostTensor input{.dtype = (*wide)->tiles.storage(id).dtype};
    for (int i = 0; i < storage.rank; ++i) input.shape.push_back(storage.shape[i]);
    input.buffer = allocate_host_buffer(storage.elements() * size_bytes(input.dtype));
    if (is_low_precision(storage.dtype)) {
      convert_to_float32(storage.dtype, buffer.data.get(),
                         reinterpret_cast<float*>(input.buffer.data.get()),
                         static_cast<size_t>(storage.elements()));
    } else {
      std::memcpy(input.buffer.data.get(), buffer.data.get(),
                  static_cast<size_t>(input.buffer.bytes));
    }
    inputs.push_back(std::move(input));
  }
  Result<CallResult> result = run(*wide, inputs, options_.execute);
  for (size_t i = 0; result.ok() && update_inputs && i < inputs.size(); ++i) {
    const Storage& storage = recorder_.tiles().storage(inputs_[i].first);
    std::byte* to = inputs_[i].second.data.get();
    const HostBuffer& from = inputs[i].buffer;
    if (is_low_precision(storage.dtype)) {
      convert_from_float32(storage.dtype, reinterpret_cast<const float*>(from.data.get()), to,
                           static_cast<size_t>(storage.elements()));
    } else {
      std::memcpy(to, from.data.get(), static_cast<size_t>(from.bytes));
    }
  }
  return result;
}

Result<HostTensor> Call::look(ViewId view) {
  if (recorder_.tile(view).has_indices()) {
    return Error{"a view with a vector of runtime indices shows nothing; copy it first"};
  }
  if (options_.keep_float32) {
    Result<CallResult> seen = run_wide({view}, false);
    if (!seen) return seen.error();
    return std::move(seen->outputs[0]);
  }
  execution().keep_tiles();
  if (Status status = advance(); !status) return status.error();
  return copy_view(*execution_, recorder_.program(), view);
}

std::shared_ptr<const Program> Call::end(const std::vector<ViewId>& outputs) {
  for (ViewId output : outputs) recorder_.output(output);
  program_ = recorder_.finish();
  if (!recorder_.report().has_errors()) {
    check_capacity(*program_, place(*program_), recorder_.report());
  }
  if (!options_.shared) {
    check_is_together(recorder_, options_.member);
  } else if (recorder_.target().cores_sharing_hbm == 1) {
    // Source: compiler/error-codes/EARG001.rst; older releases run the grid's programs in turn.
    recorder_.report().at(recorder_.here(), options_.kernel);
    recorder_.report().add(diag::may_not_build,
                           "the launch has several cores; for {} it is built with one",
                           recorder_.target().core);
  }
  record_seconds_ = seconds_since(started_) - execute_seconds_;
  return program_;
}

Result<CallResult> Call::execute() {
  KILN_CHECK(program_ != nullptr && !recorder_.report().has_errors());
  if (options_.keep_float32) {
    Result<CallResult> result = run_wide(program_->outputs, true);
    if (!result) return result.error();
    result->provenance.record_seconds = record_seconds_;
    return result;
  }
  if (Status status = advance(); !status) return status.error();
  return result();
}

CallResult Call::result() {
  CallResult result = result_of(program_, *execution_, options_.execute);
  result.provenance.record_seconds = record_seconds_;
  result.provenance.execute_seconds = execute_seconds_;
  return result;
}

Result<std::vector<CallResult>> execute(std::span<Call* const> launch,
                                        const TogetherOptions& options) {
  std::vector<CallResult> results;
  if (launch.size() == 1 && options.transport == nullptr) {
    Result<CallResult> result = launch[0]->execute();
    if (!result) return result.error();
    results.push_back(std::move(result).value());
    return results;
  }
  std::vector<Seat> seats;
  for (Call* call : launch) {
    KILN_CHECK(call->program_ != nullptr && !call->recorder_.report().has_errors());
    if (call->options_.keep_float32) {
      return Error{"low-precision tensors can be kept in float32 on a single core only"};
    }
    const Result<Seat> seat = call->take_seat();
    if (!seat) return seat.error();
    seats.push_back(*seat);
  }
  const auto start = Clock::now();
  if (Status status = execute_together(seats, options); !status) return status.error();
  for (Call* call : launch) {
    call->execute_seconds_ += seconds_since(start) / static_cast<double>(launch.size());
    results.push_back(call->result());
  }
  return results;
}

}  // namespace kiln
