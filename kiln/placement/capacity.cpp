#include "kiln/placement/capacity.h"

#include "kiln/placement/diagnostic_kinds.h"
#include "kiln/placement/occupancy.h"
#include "kiln/placement/overwrites.h"
#include "kiln/placement/owners.h"

namespace kiln {

namespace {

constexpr size_t owners_told_max = 5;

std::string here(const Program& program, uint32_t instruction) {
  const std::string where = program.files.describe(program.locations[instruction]);
  return where.empty() ? fmt::format("instruction {}", instruction) : where;
}

void check_address(const Program& program, const Storage& storage, Report& report) {
  const Machine& target = machine(program.target);
  const MemoryRules rules = memory_rules(target, storage.memory);
  const int64_t byte = storage.address->byte, end = byte + storage.row_bytes();
  report.at(storage.location, "ndarray");
  if (end > rules.bytes) {
    report.add(diag::bad_address,
               "{} at byte {} ends at {}; {} leaves kernels {} bytes of each partition of {}",
               describe(storage), byte, end, target.instance, rules.bytes, name_of(storage.memory));
  } else if (const int64_t unit = std::min<int64_t>(rules.alignment, size_bytes(storage.dtype));
             byte % unit != 0) {
    report.add(diag::bad_address, "{} is at byte {}, which is no multiple of {}", describe(storage),
               byte, unit);
  }
}

void check_addresses(const Program& program, const Placement& placement, Report& report) {
  bool any = false;
  for (uint32_t id = 0; id < program.tiles.storage_count(); ++id) {
    const Storage& storage = program.tiles.storage({id});
    if (!storage.address || !storage.on_chip()) continue;
    any = true;
    check_address(program, storage, report);
  }
  if (!any) return;
  for (const Overwrite& o : find_overwrites(program, placement)) {
    const Storage& lost = program.tiles.storage(o.lost);
    const Storage& by = program.tiles.storage(o.by);
    report.at(program.locations[o.written], name_of(program.code[o.written]));
    report.add(diag::address_overlap,
               fmt::format("writes {} at ({}, {}) over {} at ({}, {}), which {} at {} still reads",
                           describe(by), by.address->partition, by.address->byte, describe(lost),
                           lost.address->partition, lost.address->byte,
                           name_of(program.code[o.read]), here(program, o.read)),
               {{"the tensor that is lost is allocated here", lost.location},
                {"the tensor that is written is allocated here", by.location},
                {"what is lost is read here", program.locations[o.read]}});
  }
}

std::vector<Note> owner_notes(const Program& program, const std::vector<OwnerGroup>& owners) {
  std::vector<Note> notes;
  for (const OwnerGroup& owner : owners) {
    if (notes.size() == owners_told_max) break;
    const Storage& storage = program.tiles.storage(owner.storages.front());
    const size_t count = owner.storages.size();
    std::string message = fmt::format("{} bytes: {}", owner.bytes(), describe(storage));
    if (count > 1) message += fmt::format(" and {} like it", count - 1);
    notes.push_back({std::move(message), storage.location});
  }
  return notes;
}

// Told where the program's own order needs most.
void add_fragmented(const Program& program, const Placement& placement, Memory memory,
                    const LeastBytes& least, Report& report) {
  const Machine& target = machine(program.target);
  int64_t most = 0;
  uint32_t at = 0;
  follow_occupancy(program, placement, memory, &Life::range,
                   [&](uint32_t instruction, const Occupancy& o) {
                     if (o.bytes() <= most) return;
                     most = o.bytes();
                     at = instruction;
                   });
  report.at(program.locations[at], name_of(program.code[at]));
  report.add(
      diag::fragmented,
      fmt::format("in the program's order, each from partition 0, tensors in {} need {} bytes here "
                  "and {} of them find no place; {} has {}, and {} can do",
                  name_of(memory), most, placement.of(memory).unplaced, target.instance,
                  memory_rules(target, memory).bytes, least.bytes),
      owner_notes(program, owners_at(program, placement, memory, at)));
}

void check_memory(const Program& program, const Placement& placement, Memory memory,
                  Report& report) {
  const Machine& target = machine(program.target);
  const int64_t limit = memory_rules(target, memory).bytes;
  const LeastBytes least = least_bytes(program, placement, memory);
  const size_t unplaced = placement.of(memory).unplaced;
  if (least.bytes <= limit && unplaced == 0) return;
  const uint32_t at = least.instruction;
  report.at(program.locations[at], name_of(program.code[at]));
  if (least.bytes > limit) {
    report.add(memory == Memory::psum ? diag::out_of_psum : diag::out_of_sbuf,
               fmt::format("tensors in use here need {} bytes of each partition of {}; {} has {}",
                           least.bytes, name_of(memory), target.instance, limit),
               owner_notes(program, owners_at(program, placement, memory, at, &Life::needed)));
  } else {
    add_fragmented(program, placement, memory, least, report);
  }
}

}  // namespace

void check_capacity(const Program& program, const Placement& placement, Report& report) {
  check_addresses(program, placement, report);
  for (const Memory memory : on_chip_memories) check_memory(program, placement, memory, report);
}

}  // namespace kiln
