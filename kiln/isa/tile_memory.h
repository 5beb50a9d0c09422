// TileMemory: the memory an instruction executes on. It resolves views to addresses and holds the
// engines' accumulators and random states, the registers and the state of PSUM accumulation. Plain
// and without policy: who allocates, frees and schedules is the executor's business.
#pragma once

#include <array>
#include <atomic>
#include <compare>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "kiln/base/check.h"
#include "kiln/isa/gathered_tile.h"
#include "kiln/isa/operand.h"
#include "kiln/isa/random_state.h"
#include "kiln/isa/tile_access.h"
#include "kiln/machine/machine.h"
#include "kiln/tile/tiles.h"

namespace kiln {

// The bytes of a storage. On-chip, partition p's row starts at base + p * partition_stride.
struct Buffer {
  std::byte* base = nullptr;
  int64_t partition_stride = 0;
};

// Which parts of a PSUM storage matmuls have written since it was allocated.
class PsumState {
 public:
  // Notes that a matmul writes `region`. Returns what was there before it: nothing, all of it, or
  // a part, in which case was_written tells for each 4-byte word.
  enum class Before : uint8_t { nothing, all, part };
  Before write(const Region& region);
  bool was_written(int64_t partition, int64_t byte) const;
  void reset() { regions_.clear(); }

 private:
  std::vector<Region> regions_;  // all writes so far, without repetition
  size_t known_ = 0;             // regions_ before the latest write
};

// Who executes: a core of a launch grid, of a rank.
struct Member {
  int32_t rank = 0;
  int32_t core = 0;

  friend auto operator<=>(const Member&, const Member&) = default;
};

class TileMemory {
 public:
  TileMemory(const Tiles& tiles, int register_count);

  Member member() const { return member_; }
  void set_member(Member member) { member_ = member; }

  // Sizes the tables for tiles and registers added since.
  void grow(int register_count);

  Buffer& buffer(StorageId id) { return buffers_[id.value]; }
  const Tiles& tiles() const { return tiles_; }

  // Resolves a view, reading its dynamic index if it has one. A dynamic index out of bounds is a
  // fault, and the access is then empty.
  TileAccess access(ViewId id);
  TileAccess access(const TileOperand& operand) { return access(operand.view); }
  TileAccess access(const InOrScalar& operand) { return access(operand.view); }

  // The same, but nothing if the index is out of bounds, which is a fault unless `oob` is skip.
  std::optional<TileAccess> access(ViewId id, OobMode oob);
  // One row (an element of dimension 0) of an HBM view that has an index for each row: the index
  // takes the place of the row's number. Index r is element r of the index tile, column by column.
  std::optional<TileAccess> access_row(ViewId id, int64_t row, OobMode oob);

  // Copies the elements of a view made by indirect() together, where access() then finds them, for
  // an instruction that reads offsets in groups of so many partitions. An offset out of bounds is a
  // fault. Views are gathered for one instruction at a time.
  void gather(ViewId id, int64_t group);
  // Writes the gathered elements back.
  void scatter(ViewId id) const { gathered(id).scatter(); }
  void drop_gathered() { gathered_.clear(); }

  // The accumulator registers of an engine, one for each partition.
  std::span<float, 128> accumulators(Engine engine) {
    return engine == Engine::scalar ? scalar_accumulators_ : vector_accumulators_;
  }
  // The random states, made when an instruction first asks; such instructions run one by one.
  RandomState& random() {
    if (!random_) random_ = std::make_unique<RandomState>();
    return *random_;
  }
  int32_t& reg(RegisterId id) { return registers_[id.value]; }
  int32_t value(const RegisterOrInt& v) { return v.is_register() ? reg(v.reg) : v.value; }

  PsumState& psum_state(StorageId id) { return psum_states_[id.value]; }

  // Makes a matmul's destination ready to be accumulated on: what no matmul has written yet since
  // the tile was allocated (or, with `overwrite`, everything) becomes zero.
  void open_accumulation(ViewId dst, bool overwrite);
  // The same, but if all of dst becomes zero, it is left as it is and the result is true: the
  // caller writes all of it.
  bool begin_accumulation(ViewId dst, bool overwrite);

  // A fault ends the execution of an instruction with this message. Instructions may execute on
  // several threads at a time; each sees its own fault only, until who executes it takes the fault.
  void fault(std::string message);
  std::optional<std::string> fault() const;
  std::optional<std::string> take_fault();

 private:
  struct Gathered {
    ViewId view;
    GatheredTile tile;
  };
  struct Fault {
    std::thread::id thread;
    std::string message;
  };

  std::optional<int64_t> dynamic_index(const Tile& tile, int64_t row, OobMode oob);
  const GatheredTile& gathered(ViewId id) const;
  bool begin_scattered_accumulation(ViewId dst, bool overwrite);

  const Tiles& tiles_;
  Member member_;
  std::vector<Buffer> buffers_;
  std::vector<PsumState> psum_states_;
  std::vector<int32_t> registers_;
  std::array<float, 128> scalar_accumulators_{};
  std::array<float, 128> vector_accumulators_{};
  std::unique_ptr<RandomState> random_;
  std::vector<Gathered> gathered_;
  std::atomic<bool> has_fault_ = false;
  mutable std::mutex fault_mutex_;
  std::vector<Fault> faults_;  // one of a thread at most
};

}  // namespace kiln
