#include "kiln/placement/occupancy.h"

namespace kiln {

Occupancy::Occupancy(const Program& program, const Placement& placement, Memory memory)
    : tiles_(program.tiles), bank_bytes_(memory_rules(machine(program.target), memory).bank_bytes) {
  for (uint32_t id = 0; id < placement.ranges.size(); ++id) {
    if (placement.ranges[id].empty()) continue;
    const Storage& storage = tiles_.storage({id});
    if (storage.memory != memory || !storage.address) continue;
    ends_.push_back(storage.address->byte);
    ends_.push_back(storage.address->byte + storage.row_bytes());
  }
  std::sort(ends_.begin(), ends_.end());
  ends_.erase(std::unique(ends_.begin(), ends_.end()), ends_.end());
  for (size_t n = 1; n < ends_.size(); ++n) cells_.push_back({ends_[n] - ends_[n - 1]});
}

void Occupancy::change(StorageId id, int sign) {
  const Storage& storage = tiles_.storage(id);
  if (storage.address) {
    change_fixed(storage, sign);
    return;
  }
  const int64_t bytes = storage.row_bytes();
  const auto covered = static_cast<size_t>((storage.partitions() - 1) / 32);
  sum_ += sign * bytes;
  sums_.bytes[covered] += sign * bytes;
  if (bank_bytes_ == 0) return;
  const int64_t banks = bytes / bank_bytes_ + (bytes % bank_bytes_ > bank_bytes_ / 2 ? 1 : 0);
  sums_.banks[covered] += sign * banks * bank_bytes_;
}

void Occupancy::change_fixed(const Storage& storage, int sign) {
  const Address& address = *storage.address;
  const auto at = [&](int64_t byte) {
    return static_cast<size_t>(std::lower_bound(ends_.begin(), ends_.end(), byte) - ends_.begin());
  };
  const auto first = static_cast<size_t>(address.partition / 32);
  const auto last = static_cast<size_t>((address.partition + storage.partitions() - 1) / 32);
  const size_t end = at(address.byte + storage.row_bytes());
  for (size_t n = at(address.byte); n < end; ++n) {
    Cell& cell = cells_[n];
    const auto any = [&] {
      return std::any_of(cell.alive.begin(), cell.alive.end(), [](int32_t count) { return count; });
    };
    const bool before = any();
    for (size_t q = first; q <= last && q < quarters; ++q) {
      const bool was = cell.alive[q] > 0;
      cell.alive[q] += sign;
      fixed_[q] += ((cell.alive[q] > 0) - was) * cell.bytes;
    }
    fixed_all_ += (any() - before) * cell.bytes;
  }
}

// With `one` … `four` the bytes of tensors of so many quarters: those of three and four have bytes
// of their own. Beside three lies one of a quarter; two of two, or four of one, lie side by side.
int64_t Occupancy::bound_of(const PerQuarter& sums) {
  const auto [one, two, three, four] = sums;
  return four + three + (2 * two + std::max<int64_t>(0, one - three) + 3) / 4;
}

int64_t Occupancy::bound() const {
  const int64_t free = std::max(bound_of(sums_.bytes), bound_of(sums_.banks));
  if (fixed_all_ == 0) return free;
  const auto [one, two, three, four] = sums_.bytes;
  const int64_t area =
      fixed_[0] + fixed_[1] + fixed_[2] + fixed_[3] + one + 2 * two + 3 * three + 4 * four;
  return std::max({free, fixed_all_ + four, (area + 3) / 4});
}

LeastBytes least_bytes(const Program& program, const Placement& placement, Memory memory) {
  LeastBytes least;
  follow_occupancy(program, placement, memory, &Life::needed,
                   [&](uint32_t instruction, const Occupancy& o) {
                     const int64_t bound = o.bound();
                     if (bound > least.bytes) least = {bound, instruction};
                   });
  return least;
}

}  // namespace kiln
