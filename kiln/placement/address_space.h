// AddressSpace: which bytes of a partition are free, and where something fits.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "kiln/machine/machine.h"
#include "kiln/tile/storage.h"

namespace kiln {

// How tensors lie in one partition of a memory.
struct MemoryRules {
  int64_t bytes = 0;
  int64_t alignment = 1;
  int64_t bank_bytes = 0;  // what fits in a bank does not cross one; 0: there are no banks

  // The first place from `at` on where something of this size may start.
  int64_t next_start(int64_t at, int64_t size) const;
};
MemoryRules memory_rules(const Machine& machine, Memory memory);

constexpr int64_t round_up(int64_t n, int64_t multiple) {
  return (n + multiple - 1) / multiple * multiple;
}

class AddressSpace {
 public:
  explicit AddressSpace(const MemoryRules& rules) : rules_(rules), gaps_{{0, rules.bytes}} {}

  // Takes bytes [begin, end) out, free or not.
  void reserve(int64_t begin, int64_t end);
  // The lowest free place, which is then taken.
  std::optional<int64_t> take_first(int64_t size);
  // The next free place after the last one that was given, going round; a bank of its own if there
  // is one.
  std::optional<int64_t> take_next(int64_t size);
  void give_back(int64_t begin, int64_t size);

 private:
  struct Gap {
    int64_t begin, end;
  };
  std::optional<int64_t> take_from(int64_t cursor, int64_t size, const MemoryRules& rules);
  void take(size_t gap, int64_t begin, int64_t end);

  MemoryRules rules_;
  std::vector<Gap> gaps_;  // by address, never touching
  int64_t cursor_ = 0;
};

}  // namespace kiln
