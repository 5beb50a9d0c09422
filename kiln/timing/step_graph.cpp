#include "kiln/timing/step_graph.h"

#include <algorithm>
#include <bit>

#include "kiln/program/dependencies.h"

namespace kiln {

namespace {

constexpr uint32_t nobody = UINT32_MAX;

// Who had the bytes of a memory before: from each byte that is marked, up to the next one, they are
// of one owner.
class Tenants {
 public:
  explicit Tenants(int64_t bytes) : marks_(bytes / 64 + 2), owners_(bytes + 1, nobody) { mark(0); }

  // The storage takes bytes [begin, end): calls fn(storage) for those that had some of them.
  template <class Fn>
  void move_in(StorageId storage, int64_t begin, int64_t end, Fn&& fn) {
    split(begin);
    split(end);
    uint32_t last = nobody;
    for (int64_t byte = begin; byte < end; byte = next(byte + 1)) {
      const uint32_t owner = owners_[byte];
      marks_[byte / 64] &= ~(uint64_t{1} << byte % 64);
      if (owner == nobody || owner == last || owner == storage.value) continue;
      last = owner;
      fn(StorageId{last});
    }
    mark(begin);
    owners_[begin] = storage.value;
  }

 private:
  void mark(int64_t byte) { marks_[byte / 64] |= uint64_t{1} << byte % 64; }

  // The first mark at the byte or after it. There is one: where the last tenant ends.
  int64_t next(int64_t byte) const {
    int64_t word = byte / 64;
    uint64_t bits = marks_[word] & ~uint64_t{0} << byte % 64;
    while (bits == 0) bits = marks_[++word];
    return 64 * word + std::countr_zero(bits);
  }

  // The last mark at the byte or before it.
  int64_t previous(int64_t byte) const {
    int64_t word = byte / 64;
    uint64_t bits = marks_[word] & ~uint64_t{0} >> (63 - byte % 64);
    while (bits == 0) bits = marks_[--word];
    return 64 * word + 63 - std::countl_zero(bits);
  }

  void split(int64_t byte) {
    owners_[byte] = owners_[previous(byte)];
    mark(byte);
  }

  std::vector<uint64_t> marks_;   // a bit for each byte
  std::vector<uint32_t> owners_;  // of marked bytes
};

// Tells of each storage, when its life begins, which ones lay at its place before.
class Reuse {
 public:
  Reuse(const Program& program, const Placement& placement)
      : program_(program), placement_(placement) {
    for (const Memory memory : on_chip_memories) {
      const int64_t bytes = placement.of(memory).extent_bytes;
      tenants_[static_cast<size_t>(memory)].assign(quarters(), Tenants(bytes));
    }
  }

  // The instruction is executed, after those before it: calls fn(storage) for each that lay where
  // one that begins its life there does now.
  template <class Fn>
  void reach(uint32_t instruction, Fn&& fn) {
    for (; next_ < placement_.lives.size(); ++next_) {
      const Life& life = placement_.lives[next_];
      if (life.range.first > instruction) return;
      const bool now = life.range.first == instruction;
      move_in(life.storage, [&](StorageId before) {
        if (now) fn(before);
      });
    }
  }

 private:
  static constexpr int64_t quarter_partitions = 32;

  // Storages that begin at partition 0 share bytes or they do not; only others can lie beside each
  // other.
  size_t quarters() const {
    const bool beside = std::ranges::any_of(placement_.addresses, [](const auto& address) {
      return address && address->partition > 0;
    });
    return beside ? 4 : 1;
  }

  template <class Fn>
  void move_in(StorageId id, Fn&& fn) {
    const std::optional<Address>& address = placement_.addresses[id.value];
    if (!address) return;
    const Storage& storage = program_.tiles.storage(id);
    auto& tenants = tenants_[static_cast<size_t>(storage.memory)];
    const int64_t end_partition = address->partition + storage.partitions();
    for (size_t q = 0; q < tenants.size(); ++q) {
      const int64_t first = static_cast<int64_t>(q) * quarter_partitions;
      const bool has_some =
          end_partition > first && address->partition < first + quarter_partitions;
      if (tenants.size() > 1 && !has_some) continue;
      tenants[q].move_in(id, address->byte, address->byte + storage.row_bytes(), fn);
    }
  }

  const Program& program_;
  const Placement& placement_;
  std::array<std::vector<Tenants>, on_chip_memories.size()> tenants_;  // for each quarter
  size_t next_ = 0;                                                    // of the lives
};

Stream stream_of(const Cost& cost, const Costs& costs) {
  if (cost.free) return Stream::sequencer;
  if (cost.transfer != no_detail && cost.arranged) {
    const TransferCost& t = costs.transfers[cost.transfer];
    return t.hbm_read_bytes > 0 && t.hbm_written_bytes == 0 ? Stream::loads : Stream::stores;
  }
  switch (cost.engine) {
    case Engine::tensor:
      return Stream::tensor;
    case Engine::vector:
      return Stream::vector;
    case Engine::scalar:
      return Stream::scalar;
    case Engine::gpsimd:
      return Stream::gpsimd;
    case Engine::dma:
      return Stream::ranks;
    default:
      return Stream::loads;
  }
}

}  // namespace

StepGraph::StepGraph(const Program& program, const Placement& placement, const Costs& costs,
                     std::span<const uint32_t> sequence) {
  first_.reserve(sequence.size() + 1);
  before_.reserve(3 * sequence.size());
  Dependencies dependencies(program, 0, program.code.size(), Dependencies::PsumUnit::part);
  Reuse reuse(program, placement);
  std::vector<uint32_t> latest;  // by instruction, its last step; only if the user asked for order
  if (!program.dependencies.empty()) latest.assign(program.code.size(), nobody);

  streams_.reserve(sequence.size());
  for (const uint32_t index : sequence) streams_.push_back(stream_of(costs.of[index], costs));
  for (uint32_t step = 0; step < sequence.size(); ++step) {
    const uint32_t index = sequence[step];
    const Stream own = streams_[step];
    const size_t begin = before_.size();
    first_.push_back(static_cast<uint32_t>(begin));
    const auto wait_for = [&](uint32_t earlier, Hazard hazard) {
      // One queue is worked through in order, and the array adds up results as they come.
      const bool in_order = streams_[earlier] == own;
      if (in_order && (hazard != Hazard::read_after_write || own == Stream::tensor)) return;
      const bool buffer = hazard == Hazard::write_after_read || hazard == Hazard::write_after_write;
      for (size_t i = begin; i < before_.size(); ++i) {
        if (before_[i].step() != earlier) continue;
        if (!buffer) before_[i] = {earlier, false};
        return;
      }
      before_.emplace_back(earlier, buffer);
    };
    reuse.reach(index, [&](StorageId before) {
      dependencies.for_each_last_use(before, [&](uint32_t earlier, bool writes) {
        wait_for(earlier, writes ? Hazard::write_after_write : Hazard::write_after_read);
      });
    });
    if (!latest.empty()) {
      if (const auto asked = program.dependencies.find(index);
          asked != program.dependencies.end()) {
        for (const uint32_t earlier : asked->second) {
          if (latest[earlier] != nobody) wait_for(latest[earlier], Hazard::read_after_write);
        }
      }
      latest[index] = step;
    }
    dependencies.add(step, index, wait_for);
  }
  first_.push_back(static_cast<uint32_t>(before_.size()));
}

}  // namespace kiln
