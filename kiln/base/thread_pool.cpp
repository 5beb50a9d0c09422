#include "kiln/base/thread_pool.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>

namespace kiln {

ThreadPool& ThreadPool::shared() {
  // Not destroyed at exit: a worker may still sleep in it. A child process after fork has no
  // workers and gets a pool of its own.
  static ThreadPool* pool = nullptr;
  static pid_t owner = 0;
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  if (owner != getpid()) {
    pool = new ThreadPool;
    owner = getpid();
  }
  return *pool;
}

ThreadPool::~ThreadPool() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void ThreadPool::run(int count, const std::function<void(int)>& fn) {
  if (count <= 1) return fn(0);
  const std::lock_guard one_job(job_mutex_);
  {
    const std::lock_guard lock(mutex_);
    while (static_cast<int>(workers_.size()) < count - 1) {
      workers_.emplace_back(&ThreadPool::work, this, static_cast<int>(workers_.size()) + 1);
    }
    job_ = &fn;
    job_count_ = count;
    running_ = count - 1;
    ++job_number_;
  }
  wake_.notify_all();
  fn(0);
  std::unique_lock lock(mutex_);
  done_.wait(lock, [&] { return running_ == 0; });
  job_ = nullptr;
}

void ThreadPool::work(int index) {
  uint64_t seen = 0;
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [&] { return stopping_ || (job_ != nullptr && job_number_ != seen); });
    if (stopping_) return;
    seen = job_number_;
    if (index >= job_count_) continue;
    const std::function<void(int)>* job = job_;
    lock.unlock();
    (*job)(index);
    lock.lock();
    if (--running_ == 0) done_.notify_all();
  }
}

int available_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) != 0) return 1;
  return std::max(1, CPU_COUNT(&set));
}

}  // namespace kiln
