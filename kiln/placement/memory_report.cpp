#include "kiln/placement/memory_report.h"

#include <functional>

#include "kiln/placement/memory_advice.h"
#include "kiln/placement/occupancy.h"

namespace kiln {

namespace {

constexpr size_t steps_max = 2000;
constexpr size_t blocks_max = 2000;

// The largest value of each of at most steps_max stretches, of one length.
std::vector<MemoryStep> thinned(const std::vector<MemoryStep>& steps, size_t instructions) {
  if (steps.size() <= steps_max) return steps;
  const auto width = static_cast<uint32_t>((instructions + steps_max - 1) / steps_max);
  std::vector<MemoryStep> thin;
  int64_t before = 0;  // when the stretch begins
  for (const MemoryStep& step : steps) {
    const uint32_t start = step.instruction / width * width;
    if (thin.empty() || thin.back().instruction != start) {
      // What lay between had no step of its own.
      if (!thin.empty() && thin.back().instruction + width < start) {
        thin.push_back({thin.back().instruction + width, before});
      }
      thin.push_back({start, step.instruction == start ? step.bytes : before});
    }
    thin.back().bytes = std::max(thin.back().bytes, step.bytes);
    before = step.bytes;
  }
  return thin;
}

// The largest, at most half of what is kept, and of the others some from all over the program.
void thin_out(std::vector<MemoryBlock>& blocks) {
  if (blocks.size() <= blocks_max) return;
  const auto area = [](const MemoryBlock& b) {
    return static_cast<double>(b.bytes) * (b.range.last - b.range.first + 1.0);
  };
  std::vector<double> areas;
  for (const MemoryBlock& block : blocks) areas.push_back(area(block));
  const auto limit = areas.begin() + blocks_max / 2;
  std::nth_element(areas.begin(), limit, areas.end(), std::greater<>());
  std::vector<MemoryBlock> kept, others;
  for (const MemoryBlock& block : blocks) (area(block) > *limit ? kept : others).push_back(block);
  const size_t room = blocks_max - kept.size();
  for (size_t n = 0; n < room; ++n) kept.push_back(others[n * others.size() / room]);
  blocks = std::move(kept);
}

void add_blocks(const Program& program, const Placement& placement, MemoryUse& use) {
  for (const Life& life : placement.lives) {
    const Storage& storage = program.tiles.storage(life.storage);
    const std::optional<Address>& address = placement.addresses[life.storage.value];
    if (storage.memory != use.memory || !address) continue;
    const MemoryBlock block{life.storage, life.range, *address, storage.row_bytes()};
    use.blocks.push_back(block);
    if (life.range.contains(use.peak_instruction)) use.at_peak.push_back(block);
  }
  const size_t all = use.blocks.size();
  thin_out(use.blocks);
  use.blocks_left_out = all - use.blocks.size();
  std::sort(use.blocks.begin(), use.blocks.end(), [](const MemoryBlock& a, const MemoryBlock& b) {
    return a.range.first != b.range.first ? a.range.first < b.range.first : a.storage < b.storage;
  });
  std::sort(use.at_peak.begin(), use.at_peak.end(), [](const MemoryBlock& a, const MemoryBlock& b) {
    return a.address.byte != b.address.byte ? a.address.byte < b.address.byte
                                            : a.storage < b.storage;
  });
}

void add_banks(MemoryUse& use) {
  if (use.bank_bytes == 0) return;
  use.banks.resize(static_cast<size_t>(use.capacity_bytes / use.bank_bytes));
  for (uint32_t n = 0; n < use.at_peak.size(); ++n) {
    const MemoryBlock& block = use.at_peak[n];
    const int64_t last = (block.address.byte + block.bytes - 1) / use.bank_bytes;
    for (int64_t bank = block.address.byte / use.bank_bytes; bank <= last; ++bank) {
      if (static_cast<size_t>(bank) < use.banks.size()) {
        use.banks[static_cast<size_t>(bank)].push_back(n);
      }
    }
  }
}

MemoryUse memory_use(const Program& program, const Placement& placement, Memory memory) {
  const MemoryRules rules = memory_rules(machine(program.target), memory);
  MemoryUse use{.memory = memory, .capacity_bytes = rules.bytes, .bank_bytes = rules.bank_bytes};
  use.extent_bytes = placement.of(memory).extent_bytes;
  use.unplaced = placement.of(memory).unplaced;
  for (uint32_t id = 0; id < placement.ranges.size(); ++id) {
    const Storage& storage = program.tiles.storage({id});
    if (storage.memory == memory) ++(placement.ranges[id].empty() ? use.unused : use.used);
  }
  std::vector<MemoryStep> steps;
  follow_occupancy(program, placement, memory, &Life::range,
                   [&](uint32_t instruction, const Occupancy& o) {
                     steps.push_back({instruction, o.bytes()});
                     if (o.bytes() <= use.peak_bytes) return;
                     use.peak_bytes = o.bytes();
                     use.peak_instruction = instruction;
                   });
  use.bound_bytes = least_bytes(program, placement, memory).bytes;
  use.steps = thinned(steps, program.code.size());
  if (use.peak_bytes == 0) return use;
  use.owners = owners_at(program, placement, memory, use.peak_instruction);
  add_blocks(program, placement, use);
  add_banks(use);
  use.advice = memory_advice(program, placement, use);
  return use;
}

}  // namespace

MemoryReport memory_report(const Program& program, const Placement& placement) {
  return {memory_use(program, placement, Memory::sbuf),
          memory_use(program, placement, Memory::psum)};
}

}  // namespace kiln
