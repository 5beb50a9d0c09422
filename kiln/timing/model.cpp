#include "kiln/timing/model.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>

#include "kiln/timing/step_graph.h"
#include "kiln/timing/tensor_clock.h"

namespace kiln {

namespace {

constexpr double never = std::numeric_limits<double>::infinity();

// When something can start, and what it waits for until then.
struct Ready {
  double ns = 0;
  Wait wait = Wait::none;
  uint32_t step = no_step;

  void after(double at, Wait why, uint32_t who = no_step) {
    if (at <= ns) return;
    *this = {at, why, who};
  }
};

// What two cores have in common.
struct SharedHbm {
  double free_ns = 0;
};

class CoreModel {
 public:
  CoreModel(const TimedProgram& core, SharedHbm& hbm)
      : program_(*core.program),
        rates_(rates(program_.target)),
        sequence_(core.sequence),
        costs_(costs_of(program_)),
        graph_(program_, *core.placement, costs_, sequence_),
        hbm_(hbm),
        clock_(rates_.tensor) {
    steps_.resize(sequence_.size());
    transfers_.reserve(costs_.transfers.size());
    std::array<size_t, stream_count> sizes{};
    for (uint32_t i = 0; i < sequence_.size(); ++i) ++sizes[static_cast<size_t>(graph_.stream(i))];
    for (size_t q = 0; q < queues_.size(); ++q) queues_[q].steps.reserve(sizes[q]);
    for (uint32_t step = 0; step < sequence_.size(); ++step) {
      queues_[static_cast<size_t>(graph_.stream(step))].steps.push_back(step);
    }
    for (Queue& queue : queues_) look_at_head(queue);
  }

  size_t done() const { return done_; }
  size_t total() const { return steps_.size(); }

  // A queue whose next instruction can start, and when; never, if there is none.
  struct Choice {
    size_t queue = 0;
    double start_ns = never;
  };
  struct Choices {
    Choice alone;    // the first that starts without another core
    Choice meeting;  // one that starts together with the other core's
  };
  Choices choices(bool has_partner) {
    Choices found;
    for (size_t q = 0; q < queues_.size(); ++q) {
      Queue& queue = queues_[q];
      if (queue.next == queue.steps.size()) continue;
      if (queue.blocked_by != no_step) {
        if (!is_done(queue.blocked_by)) continue;
        look_at_head(queue);
        if (queue.blocked_by != no_step) continue;
      }
      const double start = std::max(queue.ready.ns, engine_free(*queue.cost));
      const bool meets = has_partner && meets_core(queue.steps[queue.next]);
      Choice& choice = meets ? found.meeting : found.alone;
      if (start < choice.start_ns) choice = {q, start};
    }
    return found;
  }

  // Starts the head of the queue. `not_before`: the other members of its meeting.
  void start(size_t q, double not_before = 0) {
    Queue& queue = queues_[q];
    const uint32_t index = queue.steps[queue.next++];
    const Cost& cost = *queue.cost;
    Ready ready = queue.ready;
    ready.after(not_before, Wait::partner);
    TimelineStep& step = steps_[index];
    step.instruction = sequence_[index];
    step.engine = cost.engine;
    if (cost.free) {
      start_free(ready, step);
    } else if (cost.transfer != no_detail) {
      start_transfer(cost, ready, index, step);
    } else if (cost.engine == Engine::tensor) {
      start_matmul(cost, ready, step);
    } else {
      start_stream(cost, ready, index, step);
    }
    ++done_;
    end_ns_ = std::max(end_ns_, step.end_ns);
    if (!cost.known) ++unknown_[name_of(program_.code[step.instruction])];
    look_at_head(queue);
  }

  CoreTimeline finish() {
    return {&program_, std::move(steps_), std::move(transfers_), std::move(clock_).spans(end_ns_)};
  }

  // How often each instruction without a law is executed.
  const std::map<std::string_view, int64_t>& unknown() const { return unknown_; }

 private:
  struct Queue {
    std::vector<uint32_t> steps;
    size_t next = 0;
    uint32_t blocked_by = no_step;  // a step that the head waits for and that has not started
    Ready ready;                    // of the head
    const Cost* cost = nullptr;     // likewise
  };

  // How long an engine has a memory port that another one shares, and for which step.
  struct PortUse {
    double until_ns = 0;
    uint32_t step = no_step;
  };

  bool meets_core(uint32_t step) const {
    const Instruction& instruction = program_.code[sequence_[step]];
    return std::holds_alternative<Sendrecv>(instruction) ||
           std::holds_alternative<CoreBarrier>(instruction);
  }

  bool is_done(uint32_t step) const { return steps_[step].end_ns > 0; }

  void look_at_head(Queue& queue) {
    queue.blocked_by = no_step;
    queue.ready = {};
    if (queue.next == queue.steps.size()) return;
    const uint32_t step = queue.steps[queue.next];
    queue.cost = &costs_.of[sequence_[step]];
    for (const Before& b : graph_.before(step)) {
      const TimelineStep& earlier = steps_[b.step()];
      if (earlier.end_ns == 0) {
        queue.blocked_by = b.step();
        return;
      }
      const bool is_transfer = earlier.transfer != no_step;
      if (b.for_buffer()) {
        // What an engine reads it has read when it can begin the next.
        const double at = is_transfer ? earlier.end_ns : earlier.free_ns;
        queue.ready.after(at + rates_.handoff_ns, Wait::buffer, b.step());
      } else if (is_transfer) {
        queue.ready.after(earlier.end_ns, Wait::load, b.step());
      } else {
        const bool same = earlier.engine == queue.cost->engine;
        queue.ready.after(earlier.end_ns + (same ? 0.0 : rates_.handoff_ns.value), Wait::result,
                          b.step());
      }
    }
  }

  // When the engine, or the queue of a transfer, can begin.
  double engine_free(const Cost& cost) const {
    if (cost.free) return 0;
    const double engine = cost.arranged ? 0 : engine_free_[static_cast<size_t>(cost.engine)];
    if (cost.transfer == no_detail) return engine;
    return std::max(engine, queue_free_[costs_.transfers[cost.transfer].queue]);
  }

  // From `ready` on, as soon as the engine is free.
  void set_start(const Cost& cost, const Ready& ready, TimelineStep& step) {
    const double free = engine_free(cost);
    step.start_ns = std::max(ready.ns, free);
    if (ready.ns <= free) return;
    step.wait = ready.wait;
    step.waited_for = ready.step;
  }

  void set_end(const Cost& cost, double busy, double result, TimelineStep& step) {
    step.free_ns = step.start_ns + busy;
    step.end_ns = std::max(step.start_ns + result, 1e-3);
    if (!cost.arranged) engine_free_[static_cast<size_t>(cost.engine)] = step.free_ns;
  }

  void start_free(const Ready& ready, TimelineStep& step) {
    step.start_ns = step.free_ns = ready.ns;
    step.end_ns = std::max(ready.ns, 1e-3);
    step.wait = ready.wait;
    step.waited_for = ready.step;
  }

  void start_matmul(const Cost& cost, Ready ready, TimelineStep& step) {
    // The next stationary matrix is loaded while the array works with the last one.
    const ArrayCost& array = costs_.arrays[cost.array];
    const double weights = is_in_array(array.stationary) ? 0.0 : double{array.weights_ns};
    if (ready.ns >= last_matmul_ns_) {
      ready.ns += weights;
    } else {
      ready.after(last_matmul_ns_ + weights, Wait::weights);
    }
    set_start(cost, ready, step);
    const double slow = clock_.start(step.start_ns, cost.busy_ns, array.rows_share);
    set_end(cost, cost.busy_ns * slow, cost.result_ns + cost.busy_ns * (slow - 1), step);
    step.weights_ns = static_cast<float>(weights);
    last_matmul_ns_ = step.start_ns;
    in_array_ = array.stationary;
  }

  bool is_in_array(ViewId view) const {
    if (!in_array_.valid()) return false;
    const Tile a = program_.tiles.tile(in_array_), b = program_.tiles.tile(view);
    return a.storage_id == b.storage_id && a.layout == b.layout && a.offset == b.offset &&
           a.partition == b.partition && !a.dynamic.valid() && !b.dynamic.valid();
  }

  void start_stream(const Cost& cost, Ready ready, uint32_t index, TimelineStep& step) {
    if (cost.table != 0 && cost.table != table_) {
      // The table is loaded as soon as the engine is free, also while it waits for data.
      engine_free_[static_cast<size_t>(Engine::scalar)] += rates_.activation.table_load_ns;
      table_ = cost.table;
      step.table_ns = static_cast<float>(rates_.activation.table_load_ns);
    }
    for_each_port(cost, [&](const PortUse&, const PortUse& other) {
      ready.after(other.until_ns, Wait::port, other.step);
    });
    set_start(cost, ready, step);
    set_end(cost, cost.busy_ns, cost.result_ns, step);
    for_each_port(cost, [&](PortUse& own, const PortUse&) { own = {step.free_ns, index}; });
  }

  // For each memory port that the instruction shares with another engine: calls fn(its use by the
  // instruction's engine, its use by the other one).
  template <class Fn>
  void for_each_port(const Cost& cost, Fn&& fn) {
    const bool is_vector = cost.engine == Engine::vector;
    if (cost.engine == Engine::gpsimd || (is_vector && shares_with_gpsimd(cost))) {
      fn(sbuf_port_[is_vector], sbuf_port_[!is_vector]);
    }
    if (!rates_.vector_scalar_psum_exclusive || !cost.uses_psum) return;
    if (cost.engine == Engine::scalar || is_vector) {
      fn(psum_port_[is_vector], psum_port_[!is_vector]);
    }
  }
  bool shares_with_gpsimd(const Cost& cost) const {
    return rates_.vector_gpsimd_exclusive || cost.fast_mode;
  }

  void start_transfer(const Cost& cost, const Ready& ready, uint32_t index, TimelineStep& step) {
    set_start(cost, ready, step);
    const TransferCost& t = costs_.transfers[cost.transfer];
    queue_free_[t.queue] = step.start_ns + t.queue_ns;
    const double arrival = step.start_ns + t.dispatch_ns;
    double first = never, last = 0;
    for (size_t e = t.first_engine; e < size_t{t.first_engine} + t.engines; ++e) {
      const double begin = std::max(arrival, dma_free_[e]);
      dma_free_[e] = begin + t.engine_ns;
      first = std::min(first, begin);
      last = std::max(last, dma_free_[e]);
    }
    // A memory that cores share gives what it can to them together.
    const double hbm_ns =
        static_cast<double>(t.hbm_read_bytes + t.hbm_written_bytes) / rates_.dma.hbm_gb_per_s;
    hbm_.free_ns = std::max(hbm_.free_ns, arrival) + hbm_ns;
    if (hbm_.free_ns > last) {
      last = hbm_.free_ns;
      for (size_t e = t.first_engine; e < size_t{t.first_engine} + t.engines; ++e) {
        dma_free_[e] = last;
      }
    }
    set_end(cost, cost.busy_ns, last + t.base_ns + t.notify_ns - step.start_ns, step);
    step.transfer = static_cast<uint32_t>(transfers_.size());
    transfers_.push_back({.step = index,
                          .first_engine = t.first_engine,
                          .engines = t.engines,
                          .queue = t.queue,
                          .descriptors = t.descriptors,
                          .bytes = t.bytes,
                          .hbm_read_bytes = t.hbm_read_bytes,
                          .hbm_written_bytes = t.hbm_written_bytes,
                          .engine_ns = t.engine_ns,
                          .issued_ns = step.start_ns,
                          .start_ns = first,
                          .end_ns = last + t.base_ns});
  }

  const Program& program_;
  const Rates& rates_;
  std::span<const uint32_t> sequence_;
  const Costs costs_;
  const StepGraph graph_;
  SharedHbm& hbm_;
  TensorClock clock_;
  std::array<Queue, stream_count> queues_;
  std::vector<TimelineStep> steps_;
  std::vector<TimelineTransfer> transfers_;
  size_t done_ = 0;
  double end_ns_ = 0;
  std::map<std::string_view, int64_t> unknown_;
  std::array<double, EnumNames<Engine>::names.size()> engine_free_{};
  std::array<double, Timeline::queue_names.size()> queue_free_{};
  std::array<double, 16> dma_free_{};
  double last_matmul_ns_ = 0;                     // its start
  ViewId in_array_;                               // the stationary matrix
  uint8_t table_ = 0;                             // of the Scalar engine
  std::array<PortUse, 2> sbuf_port_, psum_port_;  // [1]: by the Vector engine
};

class LaunchModel {
 public:
  LaunchModel(std::span<const TimedProgram> cores, const TimingOptions& options)
      : options_(options) {
    cores_.reserve(cores.size());
    for (const TimedProgram& core : cores) {
      cores_.push_back(std::make_unique<CoreModel>(core, hbm_));
      total_ += cores_.back()->total();
    }
  }

  Status run() {
    for (size_t turn = 0, done = 0; done < total_; ++turn, done = done_steps()) {
      if (turn % (size_t{1} << 16) == 0 && options_.tick &&
          !options_.tick(static_cast<double>(done) / static_cast<double>(total_))) {
        return Error{"stopped"};
      }
      if (!start_first()) return Error{"the cores of the launch do not meet"};
    }
    return Done{};
  }

  Timeline finish(Generation target) {
    Timeline timeline{.target = target, .prologue_ns = rates(target).prologue_ns};
    std::map<std::string_view, int64_t> unknown;
    for (const auto& core : cores_) {
      for (const auto& [name, count] : core->unknown()) unknown[name] += count;
      timeline.cores.push_back(core->finish());
      CoreTimeline& c = timeline.cores.back();
      for (TimelineStep& s : c.steps) {
        for (double* t : {&s.start_ns, &s.free_ns, &s.end_ns}) *t += timeline.prologue_ns;
        timeline.total_ns = std::max(timeline.total_ns, s.end_ns);
      }
      for (TimelineTransfer& t : c.transfers) {
        for (double* x : {&t.issued_ns, &t.start_ns, &t.end_ns}) *x += timeline.prologue_ns;
      }
      for (ThrottleSpan& s : c.throttled) {
        for (double* x : {&s.start_ns, &s.end_ns}) *x += timeline.prologue_ns;
      }
    }
    timeline.total_ns = std::max(timeline.total_ns, timeline.prologue_ns);
    for (const auto& [name, count] : unknown) {
      timeline.unknown.push_back({std::string(name), "one cycle for each element", count});
    }
    return timeline;
  }

 private:
  size_t done_steps() const {
    size_t done = 0;
    for (const auto& core : cores_) done += core->done();
    return done;
  }

  // Starts what can start first. False: nothing can.
  bool start_first() {
    CoreModel* best = nullptr;
    CoreModel::Choice first;
    std::array<CoreModel::Choice, 2> meeting;
    for (size_t c = 0; c < cores_.size(); ++c) {
      const CoreModel::Choices choices = cores_[c]->choices(cores_.size() > 1);
      if (c < meeting.size()) meeting[c] = choices.meeting;
      if (choices.alone.start_ns >= first.start_ns) continue;
      first = choices.alone;
      best = cores_[c].get();
    }
    const double together = std::max(meeting[0].start_ns, meeting[1].start_ns);
    if (together < never && together <= first.start_ns) {
      for (size_t c = 0; c < meeting.size(); ++c) cores_[c]->start(meeting[c].queue, together);
      return true;
    }
    if (best == nullptr) return false;
    best->start(first.queue);
    return true;
  }

  const TimingOptions& options_;
  SharedHbm hbm_;
  std::vector<std::unique_ptr<CoreModel>> cores_;
  size_t total_ = 0;
};

}  // namespace

Result<Timeline> make_timeline(std::span<const TimedProgram> cores, const TimingOptions& options) {
  LaunchModel model(cores, options);
  if (Status status = model.run(); !status.ok()) return status.error();
  return model.finish(cores.front().program->target);
}

}  // namespace kiln
