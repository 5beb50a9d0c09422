// MemoryImage: the buffers behind a program's storages while it runs. On-chip rows are padded so
// that walking down the partitions does not hit the same cache sets. Freed buffers are reused.
#pragma once

#include <atomic>
#include <cstddef>
#include <limits>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "kiln/isa/tile_memory.h"
#include "kiln/program/program.h"

namespace kiln {

// Bytes that several owners may share: a caller's array, or an output that outlives the run.
struct HostBuffer {
  std::shared_ptr<std::byte> data;
  int64_t bytes = 0;
};

HostBuffer allocate_host_buffer(int64_t bytes);

// What memory holds that was never written.
struct FreshMemory {
  float floating = std::numeric_limits<float>::quiet_NaN();
  Bits integer = 4;  // in integers, bool and packed types
};
void fill_unwritten(DType dtype, std::byte* data, int64_t bytes, const FreshMemory& fresh);

class MemoryImage {
 public:
  MemoryImage(const Program& program, TileMemory& memory, const FreshMemory& fresh);

  // Follows a program that is still being recorded.
  void grow();

  // The storage is this buffer: row-major, as large as the storage.
  void bind(StorageId id, HostBuffer buffer);

  // Gives the storage memory if it has none. It is filled, so that reading what was never written
  // shows; not needed if `overwritten` is going to write all of it.
  void ensure(StorageId id, bool overwritten);
  // Takes the memory of an on-chip storage back.
  void release(StorageId id);

  // The bytes of an HBM storage, to keep.
  HostBuffer share(StorageId id);

  int64_t peak_bytes() const { return peak_bytes_; }

 private:
  struct Block {
    HostBuffer buffer;
    bool bound = false;
  };

  const Program& program_;
  TileMemory& memory_;
  const FreshMemory fresh_;
  std::mutex mutex_;
  std::vector<Block> blocks_;
  std::unordered_map<int64_t, std::vector<HostBuffer>> free_;  // by size
  int64_t bytes_ = 0;
  int64_t peak_bytes_ = 0;
};

}  // namespace kiln
