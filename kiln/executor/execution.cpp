#include "kiln/executor/execution.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <queue>

#include <fmt/format.h>

#include "kiln/base/thread_pool.h"
#include "kiln/executor/routines/routine.h"
#include "kiln/executor/schedule.h"
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
bool run(const Instruction& instruction, TileMemory& memory, const void* routine) {
  const T& i = *std::get_if<T>(&instruction);
  if constexpr (!is_control<T>) {
    if (routine != nullptr && static_cast<const RoutineEntry<T>*>(routine)->run(i, memory)) {
      return true;
    }
    i.execute(memory);
  }
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
      image_(program, memory_) {
  AllInstructions::for_each([&](auto tag) {
    using T = typename decltype(tag)::type;
    const void* routine = nullptr;
    if constexpr (!is_control<T>) {
      if (!options_.reference_only)
        routine = find_routine<T>(options_.cpu.value_or(CpuLevel::scalar));
    }
    runners_.push_back({&run<T>, routine});
  });
  counts_.by_kind.resize(AllInstructions::size);
}

void Execution::count_uses(size_t first) {
  uses_left_ = std::vector<std::atomic<uint32_t>>(program_.tiles.storage_count());
  const auto add = [&](ViewId id, Access) { ++uses_left_[program_.tiles.storage_of(id).value]; };
  for (size_t i = first; i < program_.code.size(); ++i) {
    std::visit([&](const auto& x) { for_each_access(x, program_.tiles, add); }, program_.code[i]);
  }
  // What is returned, and what was given, is not ours to free.
  for (ViewId output : program_.outputs) add(output, Access::read);
  for (StorageId input : program_.inputs) ++uses_left_[input.value];
}

void Execution::execute(size_t index) {
  const Instruction& instruction = program_.code[index];
  std::visit(
      [&](const auto& i) {
        for_each_access(i, program_.tiles, [&](ViewId id, Access access) {
          const Tile tile = program_.tiles.tile(id);
          image_.ensure(tile.storage_id, access == Access::write && covers_storage(tile));
        });
      },
      instruction);
  const Runner& runner = runners_[instruction.index()];
  const bool fast = runner.run(instruction, memory_, runner.routine);
  std::atomic_ref(fast ? counts_.by_routine : counts_.by_reference)
      .fetch_add(1, std::memory_order_relaxed);
  std::atomic_ref(counts_.by_kind[instruction.index()]).fetch_add(1, std::memory_order_relaxed);
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

Status Execution::outcome(size_t index) const {
  if (!memory_.fault()) return Done{};
  const std::string where = program_.files.describe(program_.locations[index]);
  return Error{fmt::format("{}{}{}: {}", where, where.empty() ? "" : ": ",
                           name_of(program_.code[index]), *memory_.fault())};
}

Status Execution::run_in_order(size_t first) {
  for (size_t i = first; i < program_.code.size(); ++i) {
    execute(i);
    if (memory_.fault()) return outcome(i);
    if (!keep_tiles_) retire(i);
    if (!tick(i)) return Error{"stopped"};
  }
  return Done{};
}

Status Execution::run_with_loops(size_t first) {
  struct Iteration {
    int64_t next, upper;
  };
  const std::vector<uint32_t> partners = loop_partners(program_);
  std::vector<Iteration> iterations;
  for (size_t i = first; i < program_.code.size(); ++i) {
    const Instruction& instruction = program_.code[i];
    execute(i);
    if (memory_.fault()) return outcome(i);
    if (!tick(i)) return Error{"stopped"};
    if (const auto* loop = std::get_if<Loop>(&instruction)) {
      iterations.push_back({memory_.value(loop->lower), memory_.value(loop->upper)});
      if (iterations.back().next < iterations.back().upper) {
        memory_.reg(loop->counter.id) = static_cast<int32_t>(iterations.back().next);
      } else {
        iterations.pop_back();
        i = partners[i];
      }
    } else if (std::holds_alternative<EndLoop>(instruction)) {
      const Loop& open = std::get<Loop>(program_.code[partners[i]]);
      Iteration& iteration = iterations.back();
      iteration.next += open.step;
      if (iteration.next < iteration.upper) {
        memory_.reg(open.counter.id) = static_cast<int32_t>(iteration.next);
        i = partners[i];
      } else {
        iterations.pop_back();
      }
    } else if (const auto* condition = std::get_if<WhileLoop>(&instruction)) {
      if (memory_.reg(condition->condition.id) == 0) i = partners[i];
    } else if (std::holds_alternative<EndWhile>(instruction)) {
      i = partners[i] - 1;  // tests the condition again
    }
  }
  return Done{};
}

Status Execution::run_scheduled(size_t first) {
  const Schedule schedule = make_schedule(program_, first);
  const size_t count = program_.code.size() - first;
  std::vector<uint32_t> waits = schedule.waits_for;
  std::priority_queue<uint32_t, std::vector<uint32_t>, std::greater<>> ready;
  std::vector<bool> finished(count);
  for (size_t i = 0; i < count; ++i) {
    if (waits[i] == 0) ready.push(static_cast<uint32_t>(i));
  }
  std::mutex mutex;
  std::condition_variable changed;
  size_t oldest = 0, done = 0, failed_at = count;
  bool stop = false;

  const auto may_start = [&] { return !ready.empty() && ready.top() < oldest + window; };
  ThreadPool::shared().run(options_.threads, [&](int worker) {
    std::unique_lock lock(mutex);
    while (true) {
      changed.wait(lock, [&] { return stop || done == count || may_start(); });
      if (stop || done == count) return;
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
      if (memory_.fault() && failed_at == count) failed_at = i;
      stop = stop || !go_on || failed_at != count;
      changed.notify_all();
    }
  });
  if (failed_at != count) return outcome(first + failed_at);
  if (stop) return Error{"stopped"};
  return Done{};
}

Status Execution::advance() {
  image_.grow();
  const size_t first = executed_;
  executed_ = program_.code.size();
  next_tick_ = std::chrono::steady_clock::now() + tick_interval;
  count_uses(first);
  if (program_.register_count > 0) return run_with_loops(first);
  if (options_.threads > 1 && executed_ - first >= scheduled_min) {
    counts_.threads = options_.threads;
    return run_scheduled(first);
  }
  return run_in_order(first);
}

TileAccess Execution::read(ViewId id) {
  image_.grow();
  image_.ensure(program_.tiles.storage_of(id), false);
  return memory_.access(id);
}

}  // namespace kiln
