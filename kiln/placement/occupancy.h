// Occupancy: how much of a memory is in use while time goes by, and how much of it any placement
// would need.
#pragma once

#include <array>
#include <utility>
#include <vector>

#include "kiln/placement/placement.h"

namespace kiln {

class Occupancy {
 public:
  Occupancy(const Program& program, const Placement& placement, Memory memory);

  void enter(StorageId id) { change(id, 1); }
  void leave(StorageId id) { change(id, -1); }

  // Alive bytes of the fullest partition, with everything from partition 0 on. Explicit addresses
  // count once, however many tensors are there.
  int64_t bytes() const { return sum_ + fixed_all_; }
  // No placement of what is alive needs less. Tensors of few partitions can lie in the same bytes
  // of other partitions: in quarters where engines can start. In PSUM what is larger than half a
  // bank has one of its own.
  int64_t bound() const;

 private:
  static constexpr size_t quarters = 4;
  using PerQuarter = std::array<int64_t, quarters>;
  // Of tensors that cover so many quarters, minus 1: bytes, and bytes of banks.
  struct Sums {
    PerQuarter bytes{}, banks{};
  };
  // Between two neighbouring ends of explicit addresses.
  struct Cell {
    int64_t bytes;
    std::array<int32_t, quarters> alive{};
  };

  void change(StorageId id, int sign);
  void change_fixed(const Storage& storage, int sign);
  static int64_t bound_of(const PerQuarter& sums);

  const Tiles& tiles_;
  int64_t bank_bytes_;
  int64_t sum_ = 0;  // of the tensors without explicit address
  Sums sums_;
  std::vector<int64_t> ends_;  // of explicit addresses, in order
  std::vector<Cell> cells_;    // from ends_[i] to ends_[i + 1]
  int64_t fixed_all_ = 0;      // bytes where some quarter is in use
  PerQuarter fixed_{};         // bytes in use in each quarter
};

// Which part of a life counts: &Life::range, or &Life::needed.
using PartOfLife = LiveRange Life::*;

// Calls fn(instruction, occupancy) after each change of what is alive, in order.
template <class Fn>
void follow_occupancy(const Program& program, const Placement& placement, Memory memory,
                      PartOfLife part, Fn&& fn) {
  std::vector<uint32_t> lives;  // of the memory, by first instruction
  for (uint32_t n = 0; n < placement.lives.size(); ++n) {
    if (program.tiles.storage(placement.lives[n].storage).memory == memory) lives.push_back(n);
  }
  const auto range = [&](uint32_t n) -> const LiveRange& { return placement.lives[n].*part; };
  std::vector<uint32_t> by_last(lives);
  std::sort(lives.begin(), lives.end(), [&](uint32_t a, uint32_t b) {
    return std::pair(range(a).first, a) < std::pair(range(b).first, b);
  });
  std::sort(by_last.begin(), by_last.end(), [&](uint32_t a, uint32_t b) {
    return std::pair(range(a).last, a) < std::pair(range(b).last, b);
  });
  Occupancy occupancy(program, placement, memory);
  size_t born = 0, dead = 0;
  while (dead < by_last.size()) {
    uint32_t now = range(by_last[dead]).last + 1;
    if (born < lives.size()) now = std::min(now, range(lives[born]).first);
    for (; dead < by_last.size() && range(by_last[dead]).last < now; ++dead) {
      occupancy.leave(placement.lives[by_last[dead]].storage);
    }
    for (; born < lives.size() && range(lives[born]).first == now; ++born) {
      occupancy.enter(placement.lives[lives[born]].storage);
    }
    fn(now, occupancy);
  }
}

// The least memory that a compiler can do with, although it puts narrow tensors side by side, and
// loads each tile right before its first use and stores it right after its last.
struct LeastBytes {
  int64_t bytes = 0;
  uint32_t instruction = 0;  // where so much is needed
};
LeastBytes least_bytes(const Program& program, const Placement& placement, Memory memory);

}  // namespace kiln
