// Sharing: which accesses of the members of a launch to memory that they share may happen at the
// same time. Members are ordered where they meet, which vector clocks follow.
#pragma once

#include <map>
#include <vector>

#include "kiln/checker/footprint.h"

namespace kiln {

class Sharing {
 public:
  explicit Sharing(size_t members);

  // These members have met.
  void meet(std::span<const size_t> members);

  // The member accesses what all know under this number.
  void access(size_t member, size_t shared, const Footprint& footprint, bool writes,
              uint32_t instruction);

  struct Access {
    Footprint footprint;
    Region region;
    uint32_t epoch = 0;  // of the member: how often it has met
    bool writes = false;
    uint32_t instruction = 0;
  };
  struct Race {
    size_t shared = 0;
    size_t member = 0, other = 0;
    const Access* access = nullptr;   // member's
    const Access* against = nullptr;  // other's
  };
  // Pairs of accesses that no meeting orders, one of them a write; not more than `most`.
  std::vector<Race> races(size_t most) const;

 private:
  using Clock = std::vector<uint32_t>;  // by member: how many epochs of it are over and known

  bool ordered(size_t member, uint32_t epoch, size_t other, uint32_t other_epoch) const;
  void races_between(size_t shared, size_t member, size_t other, size_t most,
                     std::vector<Race>& races) const;

  std::vector<std::vector<Clock>> clocks_;                       // of a member, by epoch
  std::map<size_t, std::vector<std::vector<Access>>> accesses_;  // by what is shared, and member
};

}  // namespace kiln
