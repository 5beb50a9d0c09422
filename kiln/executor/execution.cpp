#include "kiln/executor/execution.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <queue>

#include <fmt/format.h>

#include "kiln/base/thread_pool.h"
#include "kiln/executor/routines/routine.h"
#include "kiln/executor/schedule.h"
#include "kiln/isa/indirection.h"
#include "kiln/isa/roles.h"

namespace kiln {

namespace {

constexpr auto tick_interval = std::chrono::milliseconds(50);

// Fewer instructions than this are not worth waking another thread for.
constexpr size_t scheduled_min = 16;

// How far execution may run ahead of the oldest unfinished instruction: bounds the memory of tiles
// that are loaded early.
constexpr size_t window = 1024;

template <class T>
bool run_directly(const T& instruction, TileMemory& memory, const void* routine) {
  if (routine != nullptr &&
      static_cast<const RoutineEntry<T>*>(routine)->run(instruction, memory)) {
    return true;
  }
  instruction.execute(memory);
  return false;
}

template <class T>
bool run(const Instruction& instruction, TileMemory& memory, const void* routine) {
  const T& i = *std::get_if<T>(&instruction);
  if constexpr (is_meeting<T>) {
    KILN_CHECK(false);  // is held by all its members
  } else if constexpr (!is_control<T>) {
    if constexpr (takes_indirect<T>) {
      if (memory.tiles().has_indirection() && gather_operands(i, memory)) {
        const bool fast = !memory.fault() && run_directly(i, memory, routine);
        if (!memory.fault()) scatter_operands(i, memory);
        memory.drop_gathered();
        return fast;
      }
    }
    return run_directly(i, memory, routine);
  }
  return false;
}

// Whether the instruction leaves elements out whose runtime index is out of bounds.
template <class T>
bool may_skip(const T& instruction) {
  if constexpr (requires { instruction.oob_mode; }) return instruction.oob_mode == OobMode::skip;
  return false;
}

bool covers_storage(const Tile& tile) {
  return !tile.dynamic.valid() && tile.elements() == tile.storage->elements() &&
         tile.dtype() == tile.storage->dtype &&
         (!tile.on_chip() || tile.partitions() == tile.storage->partitions());
}

}  // namespace

Execution::Execution(const Program& program, ExecuteOptions options)
    : program_(program),
      options_(std::move(options)),
      memory_(program.tiles, program.register_count),
      image_(program, memory_, options_.fresh) {
  AllInstructions::for_each([&](auto tag) {
    using T = typename decltype(tag)::type;
    const void* routine = nullptr;
    if constexpr (!is_control<T> && !is_meeting<T>) {
      if (!options_.reference_only)
        routine = find_routine<T>(options_.cpu.value_or(CpuLevel::scalar));
    }
    runners_.push_back({&run<T>, routine});
    meets_.push_back(is_meeting<T>);
  });
  counts_.by_kind.resize(AllInstructions::size);
}

// Takes in what was recorded since the last time.
void Execution::follow_program() {
  const size_t size = program_.code.size();
  if (size == known_) return;
  image_.grow();
  for (size_t i = known_; i < size && !has_loops_; ++i) {
    has_loops_ = loop_depth_change(program_, i) != 0;
  }
  known_ = size;
  count_uses();
  if (!has_loops_) return;
  partners_ = loop_partners(program_);
  first_born_.assign(size + 1, static_cast<uint32_t>(program_.tiles.storage_count()));
  for (size_t s = program_.tiles.storage_count(); s-- > 0;) {
    const uint32_t id = static_cast<uint32_t>(s);
    first_born_[program_.tiles.storage({id}).born] = id;
  }
  for (size_t i = size; i-- > 0;) first_born_[i] = std::min(first_born_[i], first_born_[i + 1]);
}

void Execution::count_uses() {
  uses_left_ = std::vector<std::atomic<uint32_t>>(program_.tiles.storage_count());
  const auto add = [&](ViewId id, Access) { ++uses_left_[program_.tiles.storage_of(id).value]; };
  for (size_t i = position_; i < program_.code.size(); ++i) {
    std::visit([&](const auto& x) { for_each_access(x, program_.tiles, add); }, program_.code[i]);
  }
  // What is returned, and what was given, is not ours to free.
  for (ViewId output : program_.outputs) add(output, Access::read);
  for (StorageId input : program_.inputs) ++uses_left_[input.value];
}

// Gives the instruction's tiles memory.
void Execution::prepare(size_t index) {
  std::visit(
      [&](const auto& i) {
        for_each_access(i, program_.tiles, [&](ViewId id, Access access) {
          const Tile tile = program_.tiles.tile(id);
          const bool covers = access == Access::write && covers_storage(tile) && !may_skip(i);
          image_.ensure(tile.storage_id, covers);
        });
      },
      program_.code[index]);
}

void Execution::watch(Observer& observer) {
  observer_ = &observer;
  prepare_ = &Execution::prepare_observed;
}

void Execution::prepare_observed(size_t index) {
  prepare(index);
  const std::lock_guard lock(observing_);
  observer_->before(index, memory_);
}

void Execution::execute(size_t index) {
  (this->*prepare_)(index);
  const Instruction& instruction = program_.code[index];
  const Runner& runner = runners_[instruction.index()];
  count(index, runner.run(instruction, memory_, runner.routine));
}

void Execution::count(size_t index, bool fast) {
  std::atomic_ref(fast ? counts_.by_routine : counts_.by_reference)
      .fetch_add(1, std::memory_order_relaxed);
  std::atomic_ref(counts_.by_kind[program_.code[index].index()])
      .fetch_add(1, std::memory_order_relaxed);
}

// Frees the tiles that no later instruction uses.
void Execution::retire(size_t index) {
  std::visit(
      [&](const auto& i) {
        for_each_access(i, program_.tiles, [&](ViewId id, Access) {
          const StorageId storage = program_.tiles.storage_of(id);
          if (--uses_left_[storage.value] == 0) image_.release(storage);
        });
      },
      program_.code[index]);
}

bool Execution::tick(size_t done) {
  if (!options_.tick) return true;
  const auto now = std::chrono::steady_clock::now();
  if (now < next_tick_) return true;
  next_tick_ = now + tick_interval;
  return options_.tick({static_cast<int64_t>(done), static_cast<int64_t>(program_.code.size())});
}

Status Execution::outcome(size_t index) {
  std::optional<std::string> message = memory_.take_fault();
  return message ? failed({index, std::move(*message)}) : Done{};
}

Status Execution::failed(Fault fault) {
  const std::string where = program_.files.describe(program_.locations[fault.instruction]);
  fault_ = std::move(fault);
  return Error{fmt::format("{}{}{}: {}", where, where.empty() ? "" : ": ",
                           name_of(program_.code[fault_->instruction]), fault_->message)};
}

Status Execution::run_in_order(size_t last) {
  for (; position_ < last; ++position_) {
    execute(position_);
    if (memory_.fault()) return outcome(position_);
    if (!keep_tiles_) retire(position_);
    if (!tick(position_)) return Error{"stopped"};
  }
  return Done{};
}

// A tile allocated in the body of a loop is a new one in every iteration.
void Execution::renew_tiles(size_t index) {
  for (uint32_t id = first_born_[index]; id < first_born_[index + 1]; ++id) image_.release({id});
}

Status Execution::run_with_loops(size_t turn) {
  for (; position_ < known_ && turn > 0; --turn) {
    renew_tiles(position_);
    if (is_at_meeting()) break;
    execute(position_);
    if (memory_.fault()) return outcome(position_);
    if (!tick(position_)) return Error{"stopped"};
    position_ = step(position_);
  }
  return Done{};
}

// What is executed after the instruction.
size_t Execution::step(size_t index) {
  const Instruction& instruction = program_.code[index];
  if (const auto* loop = std::get_if<Loop>(&instruction)) {
    const Iteration iteration{memory_.value(loop->lower), memory_.value(loop->upper)};
    if (iteration.next >= iteration.upper) return partners_[index] + 1;
    memory_.reg(loop->counter.id) = static_cast<int32_t>(iteration.next);
    iterations_.push_back(iteration);
  } else if (std::holds_alternative<EndLoop>(instruction)) {
    const Loop& open = std::get<Loop>(program_.code[partners_[index]]);
    Iteration& iteration = iterations_.back();
    iteration.next += open.step;
    if (iteration.next < iteration.upper) {
      memory_.reg(open.counter.id) = static_cast<int32_t>(iteration.next);
      return partners_[index] + 1;
    }
    iterations_.pop_back();
  } else if (const auto* open = std::get_if<WhileLoop>(&instruction)) {
    if (memory_.reg(open->condition.id) == 0) return partners_[index] + 1;
  } else if (std::holds_alternative<EndWhile>(instruction)) {
    const WhileLoop& start = std::get<WhileLoop>(program_.code[partners_[index]]);
    if (memory_.reg(start.condition.id) != 0) return partners_[index] + 1;
  }
  return index + 1;
}

Status Execution::run_scheduled(size_t last) {
  const size_t first = position_;
  const Schedule schedule = make_schedule(program_, first, last);
  const size_t count = last - first;
  std::vector<uint32_t> waits = schedule.waits_for;
  std::priority_queue<uint32_t, std::vector<uint32_t>, std::greater<>> ready;
  std::vector<bool> finished(count);
  for (size_t i = 0; i < count; ++i) {
    if (waits[i] == 0) ready.push(static_cast<uint32_t>(i));
  }
  std::mutex mutex;
  std::condition_variable changed;
  size_t oldest = 0, done = 0, failed_at = count;
  std::string failure;
  bool stop = false;

  // What stands before the fault is still executed: it may have one too, and the first is told.
  const auto may_start = [&] {
    return !ready.empty() && ready.top() < std::min(oldest + window, failed_at);
  };
  const auto ended = [&] { return stop || oldest >= failed_at; };
  ThreadPool::shared().run(options_.threads, [&](int worker) {
    std::unique_lock lock(mutex);
    while (true) {
      changed.wait(lock, [&] { return ended() || may_start(); });
      if (ended()) return;
      const uint32_t i = ready.top();
      ready.pop();
      lock.unlock();
      execute(first + i);
      if (!keep_tiles_) retire(first + i);
      const bool go_on = worker != 0 || tick(done);
      lock.lock();
      finished[i] = true;
      ++done;
      while (oldest < count && finished[oldest]) ++oldest;
      for (uint32_t next : schedule.dependents_of(i)) {
        if (--waits[next] == 0) ready.push(next);
      }
      if (std::optional<std::string> fault = memory_.take_fault(); fault && i < failed_at) {
        failed_at = i;
        failure = std::move(*fault);
      }
      stop = stop || !go_on;
      changed.notify_all();
    }
  });
  if (failed_at != count) return failed({first + failed_at, std::move(failure)});
  if (stop) return Error{"stopped"};
  position_ = last;
  return Done{};
}

size_t Execution::next_stop(size_t turn) const {
  size_t i = position_;
  while (i < known_ && i - position_ < turn && !meets_[program_.code[i].index()]) ++i;
  return i;
}

Result<Stop> Execution::advance(size_t turn) {
  follow_program();
  next_tick_ = std::chrono::steady_clock::now() + tick_interval;
  Status status = Done{};
  if (has_loops_) {
    status = run_with_loops(turn);
  } else if (const size_t last = next_stop(turn);
             options_.threads > 1 && last - position_ >= scheduled_min) {
    counts_.threads = options_.threads;
    status = run_scheduled(last);
  } else {
    status = run_in_order(last);
  }
  if (!status) return status.error();
  if (position_ == known_) return Stop::end;
  return is_at_meeting() ? Stop::meeting : Stop::turn;
}

Status Execution::pass_meeting() {
  if (memory_.fault()) return outcome(position_);
  count(position_, false);
  if (!keep_tiles_ && !has_loops_) retire(position_);
  ++position_;
  return Done{};
}

TileAccess Execution::read(ViewId id) {
  image_.grow();
  image_.ensure(program_.tiles.storage_of(id), false);
  return memory_.access(id);
}

}  // namespace kiln
