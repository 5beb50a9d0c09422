#include "kiln/session/written_inputs.h"

#include <algorithm>
#include <cstring>
#include <set>

#include "kiln/isa/roles.h"

namespace kiln {

namespace {

// The numbers of the inputs that an instruction of one of the cores writes.
std::set<size_t> written_inputs(const RankPrograms& rank) {
  std::set<size_t> written;
  for (const std::shared_ptr<const Program>& program : rank.cores) {
    const auto add = [&](ViewId id, Access access) {
      const Tile tile = program->tiles.tile(id);
      if (access == Access::read || tile.storage->binding != Binding::input) return;
      const auto at = std::ranges::find(program->inputs, tile.storage_id);
      written.insert(static_cast<size_t>(at - program->inputs.begin()));
    };
    for (const Instruction& instruction : program->code) {
      std::visit([&](const auto& i) { for_each_tile(i, program->tiles, add); }, instruction);
    }
  }
  return written;
}

}  // namespace

std::vector<RankPrograms> with_copied_inputs(std::span<const RankPrograms> ranks) {
  std::vector<RankPrograms> copies(ranks.begin(), ranks.end());
  for (RankPrograms& rank : copies) {
    for (size_t i : written_inputs(rank)) {
      HostTensor& input = rank.inputs[i];
      const HostBuffer original = input.buffer;
      input.buffer = allocate_host_buffer(original.bytes);
      std::memcpy(input.buffer.data.get(), original.data.get(),
                  static_cast<size_t>(original.bytes));
    }
  }
  return copies;
}

}  // namespace kiln
