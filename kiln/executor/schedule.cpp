#include "kiln/executor/schedule.h"

#include <algorithm>

#include "kiln/isa/roles.h"

namespace kiln {

namespace {

struct Use {
  Region region;
  uint32_t instruction;
  bool writes;
};

// Beyond this many uses of one storage are folded into one, which costs a little parallelism and
// keeps the search short.
constexpr size_t uses_max = 256;

class Builder {
 public:
  Builder(const Program& program, uint32_t first) : program_(program), first_(first) {
    uses_.resize(program.tiles.storage_count());
    registers_.resize(static_cast<size_t>(program.register_count));
  }

  void add(uint32_t number, const Instruction& instruction) {
    number_ = number;
    gathers_ = false;
    if (const auto asked = program_.dependencies.find(number + first_);
        asked != program_.dependencies.end()) {
      for (uint32_t earlier : asked->second) {
        if (earlier >= first_) wait_for(earlier - first_);
      }
    }
    std::visit(
        [&](const auto& i) {
          for_each_access(i, program_.tiles, [&](ViewId id, Access access) { use(id, access); });
          for_each_register(i, program_.tiles,
                            [&](RegisterId id, Access access) { use(id, access); });
          if (uses_accumulators(i)) follow(last_accumulating_);
          if (i.spec.random) follow(last_random_);
          if (gathers_) follow(last_gathering_);
        },
        instruction);
  }

  Schedule finish(size_t count) const {
    Schedule s;
    s.waits_for.resize(count);
    s.first_dependent.resize(count + 1);
    for (const auto& [before, after] : edges_) {
      ++s.waits_for[after];
      ++s.first_dependent[before + 1];
    }
    for (size_t i = 0; i < count; ++i) s.first_dependent[i + 1] += s.first_dependent[i];
    s.dependents.resize(edges_.size());
    std::vector<uint32_t> next(s.first_dependent.begin(), s.first_dependent.end() - 1);
    for (const auto& [before, after] : edges_) s.dependents[next[before]++] = after;
    return s;
  }

 private:
  void wait_for(uint32_t earlier) {
    if (earlier == number_) return;
    // The same pair is often found through several operands.
    for (size_t i = edges_.size(); i > 0 && edges_[i - 1].second == number_; --i) {
      if (edges_[i - 1].first == earlier) return;
    }
    edges_.emplace_back(earlier, number_);
  }

  void use(ViewId id, Access access) {
    const Tile tile = program_.tiles.tile(id);
    gathers_ |= tile.indirect;
    // The state of PSUM accumulation belongs to the whole tile.
    Region r = region(tile);
    if (tile.in_psum()) r = {0, tile.storage->partitions(), 0, tile.storage->row_bytes()};
    const bool writes = access != Access::read;
    std::vector<Use>& uses = uses_[tile.storage_id.value];
    if (uses.size() >= uses_max) {
      for (const Use& earlier : uses) wait_for(earlier.instruction);
      uses.clear();
      uses.push_back(
          {{0, tile.storage->partitions(), 0, tile.storage->row_bytes()}, number_, true});
      return;
    }
    std::erase_if(uses, [&](const Use& earlier) {
      if (!(writes || earlier.writes) || !earlier.region.overlaps(r)) return false;
      wait_for(earlier.instruction);
      return writes && covers(r, earlier.region);
    });
    uses.push_back({r, number_, writes});
  }

  void use(RegisterId id, Access access) {
    RegisterUse& r = registers_[id.value];
    if (r.written) wait_for(r.writer);
    if (access == Access::read) {
      r.readers.push_back(number_);
      return;
    }
    for (uint32_t reader : r.readers) wait_for(reader);
    r = {number_, true, {}};
  }

  static bool covers(const Region& outer, const Region& inner) {
    return outer.first_partition <= inner.first_partition &&
           outer.end_partition >= inner.end_partition && outer.first_byte <= inner.first_byte &&
           outer.end_byte >= inner.end_byte;
  }

  // Instructions that share an engine's registers, or the memory that holds gathered elements, run
  // one after the other.
  void follow(int64_t& last) {
    if (last >= 0) wait_for(static_cast<uint32_t>(last));
    last = number_;
  }

  // Who wrote a register last, and who has read it since.
  struct RegisterUse {
    uint32_t writer = 0;
    bool written = false;
    std::vector<uint32_t> readers;
  };

  const Program& program_;
  const uint32_t first_;  // instruction 0 of the schedule
  uint32_t number_ = 0;
  bool gathers_ = false;  // the instruction has views made by indirect()
  std::vector<std::vector<Use>> uses_;
  std::vector<RegisterUse> registers_;
  std::vector<std::pair<uint32_t, uint32_t>> edges_;
  int64_t last_accumulating_ = -1;
  int64_t last_random_ = -1;
  int64_t last_gathering_ = -1;
};

}  // namespace

Schedule make_schedule(const Program& program, size_t first, size_t last) {
  Builder builder(program, static_cast<uint32_t>(first));
  for (size_t i = first; i < last; ++i) {
    builder.add(static_cast<uint32_t>(i - first), program.code[i]);
  }
  return builder.finish(last - first);
}

}  // namespace kiln
