// Meetings: instructions that several members of a launch execute together, each bringing data and
// taking away what it needs. An instruction is one by having, instead of execute():
//
//   Result<Meeting> meeting(const Tiles&, Member self) const;         who takes part
//   Bytes bring(TileMemory&) const;                                   the data it brings
//   void take(TileMemory&, const Contributions&) const;               what it does with all data
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "kiln/base/result.h"
#include "kiln/isa/tile_memory.h"

namespace kiln {

using Bytes = std::vector<std::byte>;

struct Meeting {
  std::vector<Member> members;  // all who take part, in an order that is the same for each of them
  int32_t channel = 0;          // meetings of the same members on one channel are held in order
  std::string text = {};        // what it is, for messages: "pipe 0"
};

// What each member brought, in the order of Meeting::members, and which of them takes.
struct Contributions {
  std::span<const Bytes> of;
  size_t self = 0;
};

template <class T>
concept MeetingInstruction =
    requires(const T& t, const Tiles& tiles, TileMemory& memory, const Contributions& all) {
      { t.meeting(tiles, Member{}) } -> std::same_as<Result<Meeting>>;
      { t.bring(memory) } -> std::same_as<Bytes>;
      t.take(memory, all);
    };

// The elements of a view, bit by bit and without gaps, in the order in which DMA moves them.
Bytes pack(const TileAccess& from);
// The reverse; `bytes` has as many as the view.
void unpack(std::span<const std::byte> bytes, const TileAccess& to);

}  // namespace kiln
