#include "kiln/session/shared_memory.h"

namespace kiln {

HostBuffer SharedMemory::Core::next(const Storage& storage, const FreshMemory& fresh) {
  HostBuffer& buffer = shared_->buffers_[{storage.name, seen_[storage.name]++}];
  if (buffer.data == nullptr) {
    buffer = allocate_host_buffer(storage.row_bytes());
    fill_unwritten(storage.dtype, buffer.data.get(), buffer.bytes, fresh);
  }
  return buffer;
}

void SharedMemory::Core::bind_new(const Tiles& tiles, Execution& execution,
                                  const FreshMemory& fresh) {
  if (shared_ == nullptr) return;
  for (; storages_seen_ < tiles.storage_count(); ++storages_seen_) {
    const StorageId id{static_cast<uint32_t>(storages_seen_)};
    const Storage& storage = tiles.storage(id);
    if (storage.memory != Memory::shared_hbm || storage.binding != Binding::internal) continue;
    execution.bind(id, next(storage, fresh));
  }
}

}  // namespace kiln
