// ThreadPool: worker threads that sleep between jobs.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace kiln {

class ThreadPool {
 public:
  // The process's pool. Workers are started when first needed and kept.
  static ThreadPool& shared();

  ~ThreadPool();

  // Calls fn(0) on this thread and fn(1) … fn(count-1) on workers; returns when all have. One job
  // at a time: concurrent callers wait for one another.
  void run(int count, const std::function<void(int)>& fn);

 private:
  void work(int index);

  std::mutex job_mutex_;  // held by run
  std::mutex mutex_;
  std::condition_variable wake_, done_;
  std::vector<std::thread> workers_;
  const std::function<void(int)>* job_ = nullptr;
  uint64_t job_number_ = 0;
  int job_count_ = 0;
  int running_ = 0;
  bool stopping_ = false;
};

// CPUs that this process may use, by its affinity; at least 1.
int available_cpus();

}  // namespace kiln
