// SharedTensors: what the checks of a launch's members know together: of each tensor in memory that
// several of them see, which bytes are written and read, and who accesses them when.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <tuple>

#include "kiln/checker/byte_set.h"
#include "kiln/checker/sharing.h"
#include "kiln/isa/tile_memory.h"
#include "kiln/program/program.h"

namespace kiln {

class SharedTensors {
 public:
  explicit SharedTensors(size_t members) : sharing_(members) {}

  struct Tensor {
    ByteSet written;
    ByteSet read;             // kept of inputs
    size_t number = 0;        // in sharing()
    bool is_written = false;  // by an instruction
  };

  // The tensors of a program's inputs and of its shared allocations, by storage; null for others.
  // Cores of a rank share inputs by their order, allocations by their name and order.
  std::vector<Tensor*> tensors_of(const Program& program, Member member);

  Sharing& sharing() { return sharing_; }
  const Sharing& sharing() const { return sharing_; }

 private:
  // Rank, whether it is an input, name, the number among those of that name, and bytes: cores whose
  // tensors differ in size do not share them.
  using Key = std::tuple<int32_t, bool, std::string, size_t, int64_t>;

  Tensor& find(const Key& key, const Storage& storage);

  std::map<Key, Tensor*> by_key_;
  std::deque<Tensor> tensors_;
  Sharing sharing_;
};

}  // namespace kiln
