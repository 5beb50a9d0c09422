#include "kiln/executor/memory_image.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace kiln {

namespace {

constexpr int64_t line_bytes = 64;
constexpr int64_t huge_page_bytes = 2 << 20;

// An odd number of cache lines, so that rows spread over all cache sets.
int64_t padded_row_bytes(int64_t row_bytes) {
  const int64_t lines = (row_bytes + line_bytes - 1) / line_bytes;
  return (lines | 1) * line_bytes;
}

}  // namespace

void fill_unwritten(DType dtype, std::byte* data, int64_t bytes, const FreshMemory& fresh) {
  const int64_t size = size_bytes(dtype);
  std::byte pattern[4] = {};
  const Bits bits = is_floating(dtype) ? from_float32(dtype, fresh.floating) : fresh.integer;
  store_bits(dtype, pattern, bits);
  if (size == 1) {
    std::memset(data, std::to_integer<int>(pattern[0]), static_cast<size_t>(bytes));
    return;
  }
  int64_t done = std::min<int64_t>(bytes, 4096 - 4096 % size);
  for (int64_t i = 0; i + size <= done; i += size) {
    std::memcpy(data + i, pattern, static_cast<size_t>(size));
  }
  while (done < bytes) {
    const int64_t part = std::min(done, bytes - done);
    std::memcpy(data + done, data, static_cast<size_t>(part));
    done += part;
  }
}

HostBuffer allocate_host_buffer(int64_t bytes) {
  const bool large = bytes >= huge_page_bytes;
  const int64_t alignment = large ? huge_page_bytes : line_bytes;
  const int64_t rounded = (std::max<int64_t>(bytes, 1) + alignment - 1) / alignment * alignment;
  void* data = std::aligned_alloc(static_cast<size_t>(alignment), static_cast<size_t>(rounded));
  KILN_CHECK(data != nullptr);
#ifdef MADV_HUGEPAGE
  // Only a hint; without it the memory works as well, slower.
  if (large) (void)madvise(data, static_cast<size_t>(rounded), MADV_HUGEPAGE);
#endif
  return {std::shared_ptr<std::byte>(static_cast<std::byte*>(data), [](void* p) { std::free(p); }),
          bytes};
}

MemoryImage::MemoryImage(const Program& program, TileMemory& memory, const FreshMemory& fresh)
    : program_(program), memory_(memory), fresh_(fresh) {
  grow();
}

void MemoryImage::grow() {
  memory_.grow(program_.register_count);
  const size_t before = blocks_.size();
  blocks_.resize(program_.tiles.storage_count());
  for (const auto& [id, bytes] : program_.constants) {
    if (id.value < before) continue;
    const HostBuffer buffer = allocate_host_buffer(static_cast<int64_t>(bytes.size()));
    std::memcpy(buffer.data.get(), bytes.data(), bytes.size());
    bind(id, buffer);
  }
}

void MemoryImage::bind(StorageId id, HostBuffer buffer) {
  Block& block = blocks_[id.value];
  block.buffer = std::move(buffer);
  block.bound = true;
  memory_.buffer(id) = {block.buffer.data.get(), 0};
}

void MemoryImage::ensure(StorageId id, bool overwritten) {
  if (std::atomic_ref(memory_.buffer(id).base).load(std::memory_order_acquire) != nullptr) return;
  const Storage& storage = program_.tiles.storage(id);
  const int64_t stride = storage.on_chip() ? padded_row_bytes(storage.row_bytes()) : 0;
  const int64_t bytes =
      storage.on_chip() ? stride * storage.partitions() : std::max<int64_t>(1, storage.row_bytes());
  HostBuffer buffer;
  {
    const std::lock_guard lock(mutex_);
    if (memory_.buffer(id).base != nullptr) return;
    std::vector<HostBuffer>& unused = free_[bytes];
    if (!unused.empty()) {
      buffer = std::move(unused.back());
      unused.pop_back();
    } else {
      buffer = allocate_host_buffer(bytes);
      bytes_ += bytes;
      peak_bytes_ = std::max(peak_bytes_, bytes_);
    }
    if (!overwritten) fill_unwritten(storage.dtype, buffer.data.get(), bytes, fresh_);
    blocks_[id.value].buffer = buffer;
    memory_.buffer(id).partition_stride = stride;
    memory_.psum_state(id).reset();
    std::atomic_ref(memory_.buffer(id).base).store(buffer.data.get(), std::memory_order_release);
  }
}

void MemoryImage::release(StorageId id) {
  const std::lock_guard lock(mutex_);
  Block& block = blocks_[id.value];
  if (block.bound || block.buffer.data == nullptr) return;
  free_[block.buffer.bytes].push_back(std::move(block.buffer));
  block.buffer = {};
  memory_.buffer(id).base = nullptr;
}

HostBuffer MemoryImage::share(StorageId id) {
  ensure(id, false);
  return blocks_[id.value].buffer;
}

}  // namespace kiln
