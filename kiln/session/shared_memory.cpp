#include "kiln/session/shared_memory.h"

#include <fmt/format.h>

namespace kiln {

Result<HostBuffer> SharedMemory::Core::next(const Storage& storage, const FreshMemory& fresh) {
  HostBuffer& buffer = shared_->buffers_[{storage.name, seen_[storage.name]++}];
  if (buffer.data == nullptr) {
    buffer = allocate_host_buffer(storage.row_bytes());
    fill_unwritten(storage.dtype, buffer.data.get(), buffer.bytes, fresh);
  }
  if (storage.row_bytes() > buffer.bytes) {
    return Error{fmt::format("shared tensor '{}' has {} bytes on one core and {} on another",
                             storage.name, buffer.bytes, storage.row_bytes())};
  }
  return buffer;
}

Status SharedMemory::Core::bind_new(const Tiles& tiles, Execution& execution,
                                    const FreshMemory& fresh) {
  if (shared_ == nullptr) return Done{};
  for (; storages_seen_ < tiles.storage_count(); ++storages_seen_) {
    const StorageId id{static_cast<uint32_t>(storages_seen_)};
    const Storage& storage = tiles.storage(id);
    if (storage.memory != Memory::shared_hbm || storage.binding != Binding::internal) continue;
    Result<HostBuffer> buffer = next(storage, fresh);
    if (!buffer) return buffer.error();
    execution.bind(id, std::move(buffer).value());
  }
  return Done{};
}

}  // namespace kiln
