// Rendezvous: where the members of a launch meet. A member that comes to a meeting waits until all
// the others are there; then everybody takes what the others brought.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "kiln/isa/instruction.h"
#include "kiln/isa/meeting.h"

namespace kiln {

// A member that waits at a meeting.
struct Party {
  Member member;
  const Instruction* instruction = nullptr;
  TileMemory* memory = nullptr;
  Meeting meeting = {};
};

// What the member has come to; an Error if the instruction cannot be executed by this member.
Result<Meeting> meeting_of(const Instruction& instruction, const Tiles& tiles, Member self);

// The parties, as indices, of the first meeting whose members are all here, in the order of its
// members; empty if there is none.
std::vector<size_t> find_complete(std::span<const Party> waiting);

// Holds the meeting of these parties, all of one kind. Their memories carry a fault if it failed.
void hold(std::span<Party* const> parties);

// "core 1", "rank 3", "core 1 of rank 3": what tells the member from the others of its launch.
std::string describe(Member member, bool several_ranks, bool several_cores);

}  // namespace kiln
