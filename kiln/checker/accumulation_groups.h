// AccumulationGroups: the groups of matmuls that add up in one PSUM storage.
#pragma once

#include <optional>
#include <vector>

#include "kiln/checker/footprint.h"

namespace kiln {

class AccumulationGroups {
 public:
  struct Group {
    Region region;
    uint32_t first = 0, last = 0;       // its matmuls, as indices into the code
    std::optional<uint32_t> read = {};  // by what instruction, since the last matmul
  };

  // A matmul starts a group, which overwrites.
  void start(const Region& region, uint32_t instruction);
  // A matmul adds to what is there. Returns the group as it was before; null if there is none.
  std::optional<Group> add(const Region& region, uint32_t instruction);
  // Another group that began in one of the region's banks after this instruction.
  std::optional<Group> begun_since(uint32_t instruction, const Region& region,
                                   int64_t bank_bytes) const;
  bool has(const Region& region) const;
  // Another instruction reads.
  void read(const Region& region, uint32_t instruction);
  // Another instruction overwrites.
  void overwrite(const Region& region);
  void clear() { groups_.clear(); }

 private:
  std::vector<Group> groups_;
};

}  // namespace kiln
