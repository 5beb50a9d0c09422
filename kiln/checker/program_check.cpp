#include "kiln/checker/program_check.h"

#include <fmt/format.h>

#include <algorithm>

#include "kiln/checker/diagnostic_kinds.h"

namespace kiln {

namespace {

// The name of the argument that the view is given as.
template <class T>
std::string_view argument_name(const T& instruction, const Tiles& tiles, ViewId view) {
  std::string_view name = "an index";
  for_each_field<T>([&](const auto& field) {
    const auto match = [&](ViewId id, Access) {
      if (id == view) name = field.name;
    };
    internal::visit_operand(instruction.*field.member, tiles, match);
  });
  return name;
}

// "partition 3, byte 64", or the place in an HBM tensor.
std::string place_of(const Storage& storage, const ByteSet::Missing& missing) {
  if (storage.on_chip()) {
    return fmt::format("partition {}, byte {}", missing.partition, missing.byte);
  }
  return fmt::format("element {}", missing.byte / size_bytes(storage.dtype));
}

// Significant bits of a floating type; 0 of others.
int digits(DType dtype) {
  if (is_packed(dtype) || !is_floating(dtype)) return 0;
  return size_bytes(dtype) >= 4    ? 24
         : dtype == DType::float16 ? 11
         : size_bytes(dtype) == 2  ? 8
                                   : 4;
}

Footprint whole(const Tile& tile) {
  const Region r = region(tile);
  return {.storage = tile.storage_id,
          .partition = r.first_partition,
          .partitions = r.end_partition - r.first_partition,
          .byte = r.first_byte,
          .run_bytes = r.end_byte - r.first_byte};
}

}  // namespace

void CheckCounts::add(const CheckCounts& other) {
  instructions += other.instructions;
  accesses += other.accesses;
  bytes += other.bytes;
  undecided += other.undecided;
}

ProgramCheck::ProgramCheck(const Program& program, Member member, size_t number,
                           SharedTensors& shared, Findings& findings)
    : program_(program), number_(number), shared_(shared), findings_(findings) {
  const Tiles& tiles = program.tiles;
  states_.resize(tiles.storage_count());
  const std::vector<SharedTensors::Tensor*> tensors = shared.tensors_of(program, member);
  for (uint32_t i = 0; i < states_.size(); ++i) {
    states_[i].shared = tensors[i];
    if (tensors[i] != nullptr) continue;
    const Storage& s = tiles.storage({i});
    states_[i].own_written = ByteSet(s);
    if (s.binding != Binding::internal) states_[i].own_written.add_all();
  }
  bool has_loops = false;
  for (size_t i = 0; i < program.code.size() && !has_loops; ++i) {
    has_loops = loop_depth_change(program, i) != 0;
  }
  if (!has_loops) return;
  first_born_.assign(program.code.size() + 1, static_cast<uint32_t>(states_.size()));
  for (uint32_t i = static_cast<uint32_t>(states_.size()); i-- > 0;) {
    first_born_[tiles.storage({i}).born] = i;
  }
  for (size_t i = program.code.size(); i-- > 0;) {
    first_born_[i] = std::min(first_born_[i], first_born_[i + 1]);
  }
}

// A tile allocated in the body of a loop is a new one in every iteration.
void ProgramCheck::renew(size_t index) {
  if (first_born_.empty()) return;
  for (uint32_t id = first_born_[index]; id < first_born_[index + 1]; ++id) {
    State& s = states_[id];
    if (s.shared != nullptr || storage({id}).binding != Binding::internal) continue;
    end_of_life(id);
    s.own_written.clear();
    s.groups.clear();
  }
}

void ProgramCheck::step(size_t index, TileMemory* memory) {
  now_ = static_cast<uint32_t>(index);
  renew(index);
  ++counts_.instructions;
  std::visit([&](const auto& i) { visit(i, memory); }, program_.code[index]);
}

// A floating tile on chip that is narrower than what is written into it, and than the result that
// is made of it. The Tensor engine's operands are narrow by design.
template <class T>
void ProgramCheck::follow_precision(const T& instruction) {
  if constexpr (T::spec.engines.contains(Engine::tensor)) {
    return;
  } else {
    int widest = 0, result = 0;
    for_each_tile(instruction, program_.tiles, [&](ViewId id, Access access) {
      const int d = digits(program_.tiles.tile(id).dtype());
      (access == Access::read ? widest : result) =
          std::max(access == Access::read ? widest : result, d);
    });
    for_each_tile(instruction, program_.tiles, [&](ViewId id, Access access) {
      const Tile tile = program_.tiles.tile(id);
      const int d = digits(tile.dtype());
      State& s = state(tile.storage_id);
      if (d == 0 || !tile.on_chip()) return;
      if (access != Access::read) {
        if (d < widest && !s.narrowed_by) s.narrowed_by = now_;
        return;
      }
      if (!s.narrowed_by || result <= d) return;
      findings_.add(diag::narrow_tile, program_, *s.narrowed_by,
                    fmt::format("{} holds {}; what is written into it is wider, and so is what "
                                "is made of it",
                                describe(program_, *tile.storage), name_of(tile.dtype())),
                    {{"made wide again here", Findings::at(program_, now_)}});
    });
  }
}

template <class T>
void ProgramCheck::visit(const T& instruction, TileMemory* memory) {
  const Tiles& tiles = program_.tiles;
  if constexpr (requires { T::partition_step; }) {
    partition_step_ = T::partition_step;
  } else {
    partition_step_ = 1;
  }
  follow_precision(instruction);
  if constexpr (requires {
                  instruction.stationary;
                  instruction.accumulate;
                }) {
    for_each_access(instruction, tiles, [&](ViewId id, Access access) {
      if (access == Access::read) use(id, access, memory);
    });
    if (tiles.tile(instruction.dst.view).dynamic.valid()) {
      use(instruction.dst.view, Access::read_write, memory);
    } else {
      matmul(instruction.dst.view, instruction.accumulate);
    }
  } else if constexpr (!std::is_same_v<T, CoreBarrier>) {  // which accesses nothing
    // All is read before anything is written; what a copy leaves as it was, too.
    for_each_access(instruction, tiles, [&](ViewId id, Access access) {
      if (access == Access::read) use(id, access, memory);
      if (std::is_same_v<T, TensorCopyPredicated> && access == Access::read_write) {
        use(id, Access::read, memory);
      }
    });
    if constexpr (requires {
                    instruction.oob_mode;
                    instruction.src;
                  }) {
      if (memory != nullptr && instruction.oob_mode == OobMode::skip &&
          skips(instruction.src.view, *memory)) {
        use(instruction.dst.view, Access::read, memory);
      }
    }
    for_each_access(instruction, tiles, [&](ViewId id, Access access) {
      if (access != Access::read) use(id, access, memory);
    });
  }
}

// Calls fn(footprint) for what the view touches now. False if that is not known.
template <class Fn>
bool ProgramCheck::resolve(ViewId id, TileMemory* memory, Fn&& fn) const {
  const Tile tile = program_.tiles.tile(id);
  if (!tile.dynamic.valid()) {
    fn(footprint(tile));
    return true;
  }
  if (memory == nullptr || tile.indirect || (tile.vector_index && tile.on_chip())) return false;
  const Buffer& buffer = memory->buffer(tile.storage_id);
  if (!tile.vector_index) {
    // What is out of bounds is skipped, or a fault of the execution.
    const std::optional<TileAccess> access = memory->access(id, OobMode::skip);
    if (!access) return true;
    Footprint f = footprint(tile);
    f.byte = access->base - buffer.base - tile.partition * buffer.partition_stride;
    fn(f);
    return true;
  }
  Layout row = *tile.layout;
  row.shape[0] = 1;
  Tile one_row = tile;
  one_row.layout = &row;
  Footprint f = footprint(one_row);
  for (int64_t r = 0; r < tile.shape(0); ++r) {
    const std::optional<TileAccess> access = memory->access_row(id, r, OobMode::skip);
    if (!access) continue;
    f.byte = access->base - buffer.base;
    fn(f);
  }
  return true;
}

// Whether one of the view's indices is out of bounds, so that nothing is read there.
bool ProgramCheck::skips(ViewId id, TileMemory& memory) const {
  const Tile tile = program_.tiles.tile(id);
  if (!tile.dynamic.valid() || tile.indirect) return false;
  if (!tile.vector_index) return !memory.access(id, OobMode::skip);
  for (int64_t r = 0; r < tile.shape(0); ++r) {
    if (!memory.access_row(id, r, OobMode::skip)) return true;
  }
  return false;
}

void ProgramCheck::use(ViewId id, Access access, TileMemory* memory) {
  ++counts_.accesses;
  const bool known = resolve(id, memory, [&](Footprint f) {
    if (partition_step_ != 1) {
      f.partitions = (f.partitions + partition_step_ - 1) / partition_step_;
      f.partition_step *= partition_step_;
    }
    counts_.bytes += f.bytes();
    if (access == Access::read) return read(f, id);
    write(f, access == Access::write);
  });
  if (known) return;
  ++counts_.undecided;
  const Tile tile = program_.tiles.tile(id);
  State& s = state(tile.storage_id);
  s.pending.clear();
  if (access != Access::read) s.written().add(whole(tile));
  if (s.shared != nullptr && access == Access::read) s.shared->read.add(whole(tile));
}

void ProgramCheck::read(const Footprint& f, ViewId view) {
  State& s = state(f.storage);
  const ByteSet::Missing missing = s.written().missing(f);
  if (missing.bytes > 0) read_unwritten(f, missing, view);
  s.pending.read(f);
  const Storage& from = storage(f.storage);
  if (from.memory == Memory::psum) s.groups.read(f.region(), now_);
  if (s.shared == nullptr) return;
  shared_.sharing().access(number_, s.shared->number, f, false, now_);
  if (from.binding == Binding::input) s.shared->read.add(f);
}

void ProgramCheck::write(const Footprint& f, bool overwrites) {
  State& s = state(f.storage);
  s.written().add(f);
  if (s.shared != nullptr) {
    s.shared->is_written = true;
    shared_.sharing().access(number_, s.shared->number, f, true, now_);
    return;
  }
  if (!overwrites) s.pending.read(f);
  s.pending.write(f, now_, [&](const auto& dead) { report_dead(dead, f.storage, now_); });
  if (storage(f.storage).memory == Memory::psum) s.groups.overwrite(f.region());
}

void ProgramCheck::matmul(ViewId dst, Tristate accumulate) {
  const Footprint f = footprint(program_.tiles.tile(dst));
  ++counts_.accesses;
  counts_.bytes += f.bytes();
  State& s = state(f.storage);
  const Region region = f.region();
  const bool adds =
      accumulate == Tristate::yes || (accumulate == Tristate::automatic && s.groups.has(region));
  if (!adds) {
    write(f, true);
    s.groups.start(region, now_);
    return;
  }
  const std::optional<AccumulationGroups::Group> group = s.groups.add(region, now_);
  const Storage& to = storage(f.storage);
  if (!group) {
    if (const ByteSet::Missing missing = s.written().missing(f); missing.bytes > 0) {
      findings_.add(diag::accumulate_unwritten, program_, now_,
                    fmt::format("adds to {}, of which nobody wrote {} bytes, the first at {}",
                                describe(program_, to), missing.bytes, place_of(to, missing)),
                    {{"allocated here", Findings::at(program_, to)}});
    }
    s.groups.start(region, now_);
  } else {
    report_group(*group, s.groups, f, accumulate);
  }
  s.written().add(f);
  s.pending.read(f);
  s.pending.write(f, now_, [](const auto&) {});
}

// What is doubtful about adding to the group as it was before this matmul.
void ProgramCheck::report_group(const AccumulationGroups::Group& group,
                                const AccumulationGroups& groups, const Footprint& f,
                                Tristate accumulate) {
  const Storage& to = storage(f.storage);
  if (group.read && accumulate == Tristate::automatic) {
    findings_.add(diag::accumulate_after_read, program_, now_,
                  fmt::format("adds to the result in {} though it has been read; without "
                              "`accumulate` only the first matmul overwrites",
                              describe(program_, to)),
                  {{"the group starts here", Findings::at(program_, group.first)},
                   {"and is read here", Findings::at(program_, *group.read)}});
  }
  const int64_t bank_bytes = machine(program_.target).psum_bank_bytes();
  if (const auto other = groups.begun_since(group.last, f.region(), bank_bytes)) {
    findings_.add(diag::interleaved_groups, program_, now_,
                  fmt::format("goes on with a group in a bank of {} where another has begun since",
                              describe(program_, to)),
                  {{"the other begins here", Findings::at(program_, other->first)}});
  }
}

void ProgramCheck::read_unwritten(const Footprint& f, const ByteSet::Missing& missing,
                                  ViewId view) {
  const Storage& from = storage(f.storage);
  const SourceLocation here = program_.locations[now_];
  const auto [entry, is_new] = unwritten_reads_.try_emplace(
      here.file.valid() ? std::tuple(here.file, here.line, from.location.line)
                        : std::tuple(here.file, now_, f.storage.value));
  if (is_new) {
    const std::string_view argument = std::visit(
        [&](const auto& i) { return argument_name(i, program_.tiles, view); }, program_.code[now_]);
    entry->second = {
        now_, f.storage,
        fmt::format("{} reads {} bytes of {} that nobody wrote, the first at {}", argument,
                    missing.bytes, describe(program_, from), place_of(from, missing))};
  }
  ++entry->second.count;
  // What follows from it is not told again.
  state(f.storage).written().add(f);
}

void ProgramCheck::report_unwritten_reads(bool reaches_result) {
  const DiagnosticKind& kind = reaches_result ? diag::uninitialised_read : diag::unwritten_operand;
  for (const auto& [place, read] : unwritten_reads_) {
    for (int64_t i = 0; i < read.count; ++i) {
      findings_.add(kind, program_, read.instruction, read.message,
                    {{"allocated here", Findings::at(program_, storage(read.storage))}});
    }
  }
}

void ProgramCheck::report_dead(const PendingWrites::Write& write, StorageId id,
                               std::optional<uint32_t> overwriter) {
  std::vector<Findings::Remark> remarks;
  if (overwriter) remarks.push_back({"overwritten here", Findings::at(program_, *overwriter)});
  findings_.add(diag::dead_store, program_, write.instruction,
                fmt::format("what it writes to {} is {}", describe(program_, storage(id)),
                            overwriter ? "overwritten before anything reads it" : "never read"),
                remarks);
}

void ProgramCheck::end_of_life(uint32_t id) {
  states_[id].pending.end([&](const auto& dead) { report_dead(dead, {id}, std::nullopt); });
}

void ProgramCheck::trust_shared_tensors() {
  for (State& s : states_) {
    if (s.shared != nullptr) s.shared->written.add_all();
  }
}

void ProgramCheck::run_without_values() {
  for (size_t i = 0; i < program_.code.size(); ++i) step(i, nullptr);
}

void ProgramCheck::finish() {
  for (ViewId output : program_.outputs) {
    state(program_.tiles.storage_of(output)).pending.clear();
  }
  for (uint32_t i = 0; i < states_.size(); ++i) {
    if (states_[i].shared == nullptr) end_of_life(i);
  }
}

void ProgramCheck::check_outputs() {
  for (size_t i = 0; i < program_.outputs.size(); ++i) {
    const Tile tile = program_.tiles.tile(program_.outputs[i]);
    const Footprint f = footprint(tile);
    const ByteSet::Missing missing = written_of(tile.storage_id).missing(f);
    if (missing.bytes == 0) continue;
    const bool never = missing.bytes == f.bytes();
    const std::string what = describe(program_, *tile.storage);
    findings_.add(
        never ? diag::output_unwritten : diag::output_partly_written,
        Findings::at(program_, *tile.storage), program_.kernel,
        never ? fmt::format("{} is returned, and nobody writes it", what)
              : fmt::format("{} is returned, and nobody writes {} of its {} bytes, the first at {}",
                            what, missing.bytes, f.bytes(), place_of(*tile.storage, missing)));
  }
}

}  // namespace kiln
