// What DMA engines, and the engine that starts them, need for one instruction.
#pragma once

#include <vector>

#include "kiln/isa/roles.h"
#include "kiln/timing/cost.h"

namespace kiln {

// How one instruction asks for its transfer.
struct TransferRequest {
  DgeMode mode = DgeMode::unknown;
  Engine engine = Engine::unknown;  // that starts it, if the kernel says
  bool transposes = false;
  bool accumulates = false;
  bool has_partner = false;  // between cores or ranks
};

// `to` is what is written, `from` what is read. Appends to transfers.
Cost price_transfer(const TransferRequest& request, const Tile& to, std::span<const Tile> from,
                    const Machine& machine, const Rates& rates,
                    std::vector<TransferCost>& transfers);

// The tiles of an instruction, kept from one to the next for the memory that they have.
struct TransferTiles {
  std::vector<Tile> to, from;
};

template <class T>
Cost price_transfer(const T& instruction, const Tiles& tiles, const Machine& machine,
                    const Rates& rates, TransferTiles& ends, std::vector<TransferCost>& transfers) {
  TransferRequest request;
  if constexpr (requires { instruction.dge_mode; }) request.mode = instruction.dge_mode;
  if constexpr (requires {
                  { instruction.engine } -> std::convertible_to<Engine>;
                }) {
    request.engine = instruction.engine;
  }
  request.transposes = std::is_same_v<T, DmaTranspose>;
  request.accumulates = std::is_same_v<T, DmaCompute>;
  request.has_partner = is_meeting<T>;
  ends.to.clear();
  ends.from.clear();
  for_each_tile(instruction, tiles, [&](ViewId id, Access access) {
    (access == Access::read ? ends.from : ends.to).push_back(tiles.tile(id));
  });
  return price_transfer(request, ends.to.front(), ends.from, machine, rates, transfers);
}

}  // namespace kiln
