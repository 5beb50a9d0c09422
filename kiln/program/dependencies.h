// Dependencies: which earlier instructions an instruction must come after, from operand roles
// alone. Told instruction by instruction, in the order in which they are executed.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "kiln/base/chunked_vector.h"
#include "kiln/isa/roles.h"
#include "kiln/program/program.h"

namespace kiln {

enum class Hazard : uint8_t {
  read_after_write,
  write_after_read,
  write_after_write,
  order,  // shared registers of an engine, or asked for by the user
};

class Dependencies {
 public:
  // What of PSUM depends on each other: the state of accumulation belongs to a whole tile, the data
  // to its parts.
  enum class PsumUnit : uint8_t { tile, part };

  // Of code[first … last).
  Dependencies(const Program& program, size_t first, size_t last, PsumUnit psum_unit)
      : program_(program), psum_unit_(psum_unit) {
    uses_.resize(program.tiles.storage_count());
    registers_.resize(static_cast<size_t>(program.register_count));
    written_.resize(program.tiles.storage_count());
    for (size_t i = first; i < last; ++i) {
      std::visit(
          [&](const auto& instruction) {
            for_each_tile(instruction, program.tiles, [&](ViewId id, Access access) {
              if (access != Access::read) written_[program.tiles.storage_of(id).value] = true;
            });
          },
          program.code[i]);
    }
  }

  // The instruction at code[index], known as `number` from now on: calls fn(earlier number, Hazard)
  // for those it must come after, some of them more than once.
  template <class Fn>
  void add(uint32_t number, size_t index, Fn&& fn) {
    bool gathers = false;
    const auto follow = [&](int64_t& last) {
      if (last >= 0 && last != number) fn(static_cast<uint32_t>(last), Hazard::order);
      last = number;
    };
    std::visit(
        [&](const auto& i) {
          // What it only writes comes last, or it would hide who wrote what it reads.
          for (const bool written : {false, true}) {
            for_each_tile(i, program_.tiles, [&](ViewId id, Access access) {
              if ((access == Access::write) != written) return;
              const Tile tile = program_.tiles.tile(id);
              if (tile.dynamic.valid()) read_index(number, tile.dynamic, fn);
              gathers |= use(number, tile, access, fn);
            });
          }
          if (!registers_.empty()) {
            for_each_register(i, program_.tiles, [&](RegisterId id, Access access) {
              use(number, registers_[id.value], access, fn);
            });
          }
          if (uses_accumulators(i)) {
            follow(last_accumulating_[i.spec.engines.contains(Engine::scalar)]);
          }
          if (i.spec.random) follow(last_random_);
          if (gathers) follow(last_gathering_);
        },
        program_.code[index]);
  }

  // Who used the storage last: calls fn(number, whether it wrote).
  template <class Fn>
  void for_each_last_use(StorageId id, Fn&& fn) const {
    for (uint32_t at = uses_[id.value].first; at != nothing; at = pool_[at].next) {
      fn(pool_[at].number, pool_[at].writes);
    }
  }

 private:
  static constexpr uint32_t nothing = UINT32_MAX;

  // Kept small: long programs have many.
  struct Use {
    Use(const Region& r, uint32_t who, bool is_write)
        : first_byte(r.first_byte),
          end_byte(r.end_byte),
          number(who),
          first_partition(static_cast<uint16_t>(r.first_partition)),
          end_partition(static_cast<uint16_t>(r.end_partition)),
          writes(is_write) {}
    Region region() const { return {first_partition, end_partition, first_byte, end_byte}; }

    int64_t first_byte, end_byte;
    uint32_t number;
    uint32_t next = nothing;  // of the same storage, an index into pool_
    uint16_t first_partition, end_partition;
    bool writes;
  };
  static_assert(sizeof(Use) == 32);
  // Of one storage, in their order.
  struct Uses {
    uint32_t first = nothing;
    uint32_t count = 0;
  };
  // Who wrote a register last, and who has read it since.
  struct RegisterUse {
    uint32_t writer = 0;
    bool written = false;
    std::vector<uint32_t> readers;
  };

  // Beyond this many uses of one storage are folded into one, which costs a little parallelism and
  // keeps the search short.
  static constexpr size_t uses_max = 256;

  static Region whole(const Storage& s) { return {0, s.partitions(), 0, s.row_bytes()}; }

  static Hazard hazard(bool writes, bool earlier_writes) {
    return !writes          ? Hazard::read_after_write
           : earlier_writes ? Hazard::write_after_write
                            : Hazard::write_after_read;
  }

  template <class Fn>
  void read_index(uint32_t number, DynamicId dynamic, Fn&& fn) {
    const ViewId index = program_.tiles.dynamic(dynamic).index;
    if (index.valid()) use(number, program_.tiles.tile(index), Access::read, fn);
  }

  template <class Fn>
  bool use(uint32_t number, const Tile& tile, Access access, Fn&& fn) {
    const uint32_t storage = tile.storage_id.value;
    if (!written_[storage]) return tile.indirect;
    const bool writes = access != Access::read;
    // What an instruction reads and writes it must have: that is the stronger reason.
    const bool reads = access != Access::write;
    Uses& uses = uses_[storage];
    const bool fold = uses.count >= uses_max;
    const bool is_whole = fold || (psum_unit_ == PsumUnit::tile && tile.in_psum());
    const Region r = is_whole ? whole(*tile.storage) : region(tile);
    const auto tell = [&](const Use& earlier) {
      if (earlier.number == number) return;
      fn(earlier.number,
         reads && earlier.writes ? Hazard::read_after_write : hazard(writes, earlier.writes));
    };
    uint32_t* link = &uses.first;
    while (*link != nothing) {
      Use& earlier = pool_[*link];
      const bool concerns = (writes || earlier.writes) && earlier.region().overlaps(r);
      if (fold || concerns) tell(earlier);
      if (fold || (concerns && writes && r.covers(earlier.region()))) {
        drop(*link);
        --uses.count;
      } else {
        link = &earlier.next;
      }
    }
    *link = make(Use(r, number, writes || fold));
    ++uses.count;
    return tile.indirect;
  }

  uint32_t make(const Use& use) {
    if (unused_ == nothing) {
      pool_.push_back(use);
      return static_cast<uint32_t>(pool_.size() - 1);
    }
    const uint32_t at = unused_;
    unused_ = pool_[at].next;
    pool_[at] = use;
    return at;
  }

  // Takes the use out of its list; `link` is what leads to it.
  void drop(uint32_t& link) {
    const uint32_t at = link;
    link = pool_[at].next;
    pool_[at].next = unused_;
    unused_ = at;
  }

  template <class Fn>
  void use(uint32_t number, RegisterUse& r, Access access, Fn&& fn) {
    const bool writes = access != Access::read;
    if (r.written && r.writer != number) fn(r.writer, hazard(writes, true));
    if (!writes) {
      r.readers.push_back(number);
      return;
    }
    for (uint32_t reader : r.readers) {
      if (reader != number) fn(reader, Hazard::write_after_read);
    }
    r = {number, true, {}};
  }

  const Program& program_;
  const PsumUnit psum_unit_;
  std::vector<Uses> uses_;
  ChunkedVector<Use> pool_;
  uint32_t unused_ = nothing;  // first of those in pool_
  std::vector<RegisterUse> registers_;
  std::vector<bool> written_;  // storages that some instruction writes
  // Instructions that share an engine's registers, or the memory that holds gathered elements, come
  // one after the other.
  std::array<int64_t, 2> last_accumulating_{-1, -1};  // of the Vector and the Scalar engine
  int64_t last_random_ = -1;
  int64_t last_gathering_ = -1;
};

}  // namespace kiln
