// ProgramCheck: follows one member's program and reports what is wrong with how its instructions
// use memory: reads of what nobody wrote, accumulation in PSUM, stores of no use. It either watches
// an execution, and then knows all addresses, or goes through the program without values.
#pragma once

#include <map>
#include <optional>
#include <tuple>
#include <vector>

#include "kiln/checker/accumulation_groups.h"
#include "kiln/checker/findings.h"
#include "kiln/checker/pending_writes.h"
#include "kiln/checker/shared_tensors.h"
#include "kiln/isa/roles.h"
#include "kiln/program/observer.h"

namespace kiln {

// How much was checked.
struct CheckCounts {
  int64_t instructions = 0;
  int64_t accesses = 0;   // of tiles, by instructions
  int64_t bytes = 0;      // that they touch
  int64_t undecided = 0;  // of these accesses, those whose address was not known

  void add(const CheckCounts& other);
};

class ProgramCheck final : public Observer {
 public:
  ProgramCheck(const Program& program, Member member, size_t number, SharedTensors& shared,
               Findings& findings);

  // Before code[index] is executed.
  void before(size_t index, TileMemory& memory) override { step(index, &memory); }
  // Goes through the program without executing it: each loop's body once, in order. What depends on
  // a runtime index counts as undecided, and is taken as right.
  void run_without_values();
  // After the last instruction.
  void finish();

  const CheckCounts& counts() const { return counts_; }

  // Whether something was read that nobody wrote. It is reported by report_unwritten_reads, as an
  // error if it reaches a result.
  bool has_unwritten_reads() const { return !unwritten_reads_.empty(); }
  void report_unwritten_reads(bool reaches_result);
  // Reports the outputs that are not written; after all members have finished.
  void check_outputs();
  // Members that are not followed together: what they share counts as written.
  void trust_shared_tensors();
  const SharedTensors::Tensor& shared_tensor(StorageId id) { return *state(id).shared; }
  // The bytes of the output that are written.
  const ByteSet& written_of(StorageId id) { return state(id).written(); }

 private:
  // What is known of a storage.
  struct State {
    ByteSet own_written;
    SharedTensors::Tensor* shared = nullptr;
    PendingWrites pending;
    AccumulationGroups groups;  // PSUM
    // The first instruction that wrote wider numbers into the storage than it can hold.
    std::optional<uint32_t> narrowed_by = {};

    ByteSet& written() { return shared != nullptr ? shared->written : own_written; }
  };
  struct UnwrittenRead {
    uint32_t instruction = 0;
    StorageId storage;
    std::string message;
    int64_t count = 0;
  };

  State& state(StorageId id) { return states_[id.value]; }
  const Storage& storage(StorageId id) const { return program_.tiles.storage(id); }
  void step(size_t index, TileMemory* memory);
  void renew(size_t index);
  template <class T>
  void visit(const T& instruction, TileMemory* memory);
  template <class Fn>
  bool resolve(ViewId id, TileMemory* memory, Fn&& fn) const;
  bool skips(ViewId id, TileMemory& memory) const;
  void use(ViewId id, Access access, TileMemory* memory);
  void read(const Footprint& f, ViewId view);
  void write(const Footprint& f, bool overwrites);
  void matmul(ViewId dst, Tristate accumulate);
  template <class T>
  void follow_precision(const T& instruction);
  void report_group(const AccumulationGroups::Group& group, const AccumulationGroups& groups,
                    const Footprint& f, Tristate accumulate);
  void read_unwritten(const Footprint& f, const ByteSet::Missing& missing, ViewId view);
  void report_dead(const PendingWrites::Write& write, StorageId id,
                   std::optional<uint32_t> overwriter);
  void end_of_life(uint32_t id);

  const Program& program_;
  const size_t number_;  // of the member in the launch
  SharedTensors& shared_;
  Findings& findings_;
  std::vector<State> states_;         // by storage
  std::vector<uint32_t> first_born_;  // by instruction, with loops: the first storage that is
                                      // allocated before it or later
  // By file and line of the reader, and line of the allocation; without lines by number.
  std::map<std::tuple<FileId, uint32_t, uint32_t>, UnwrittenRead> unwritten_reads_;
  CheckCounts counts_;
  uint32_t now_ = 0;            // the instruction
  int64_t partition_step_ = 1;  // of the partitions that take part in it
};

}  // namespace kiln
