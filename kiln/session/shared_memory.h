// SharedMemory: what the cores of a launch grid share.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "kiln/executor/execution.h"

namespace kiln {

// Memory that the cores of a launch grid share: tensors in shared_hbm of one name, or without a
// name, are one by the order in which each core allocates them.
class SharedMemory {
 public:
  // One core's view of it: it asks for its shared tensors in order.
  class Core {
   public:
    explicit Core(std::shared_ptr<SharedMemory> shared) : shared_(std::move(shared)) {}
    // Binds the shared tensors that the program has got since the last time. An Error if one is
    // larger than the same tensor of an earlier core.
    Status bind_new(const Tiles& tiles, Execution& execution, const FreshMemory& fresh);

   private:
    Result<HostBuffer> next(const Storage& storage, const FreshMemory& fresh);

    std::shared_ptr<SharedMemory> shared_;
    size_t storages_seen_ = 0;
    std::map<std::string, size_t> seen_;  // by name
  };

 private:
  std::map<std::pair<std::string, size_t>, HostBuffer> buffers_;
};

}  // namespace kiln
