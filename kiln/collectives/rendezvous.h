// Rendezvous: where the members of a launch meet. A member that comes to a meeting waits until all
// the others are there; then everybody takes what the others brought. Members in other processes
// are reached by a transport.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "kiln/collectives/transport.h"
#include "kiln/isa/instruction.h"

namespace kiln {

// A member of this process that waits at a meeting.
struct Party {
  Member member;
  const Instruction* instruction = nullptr;
  TileMemory* memory = nullptr;
  Meeting meeting = {};
};

class Rendezvous {
 public:
  // `transport` may be null: all members are in this process.
  explicit Rendezvous(Transport* transport) : transport_(transport) {}

  // A member comes to an instruction that is a meeting. An Error if it cannot take part.
  Status arrive(Member member, const Instruction& instruction, TileMemory& memory);
  const Party* find(Member member) const;
  bool empty() const { return waiting_.empty(); }

  // Holds one meeting whose members have all come, and returns its members in this process, who no
  // longer wait; none if no meeting is complete. Memories carry a fault if it failed.
  Result<std::vector<Member>> hold_next();

  // Whether somebody waits for a member of another process.
  bool waits_for_others() const;

 private:
  // A meeting of which all members in this process wait.
  struct Remote {
    MeetingId id;
    std::vector<std::optional<Bytes>> brought;  // in the order of the members
  };

  bool is_here(Member member) const {
    return transport_ == nullptr || transport_->is_local(member.rank);
  }
  std::vector<const Party*> local_parties(const Party& of) const;
  Result<bool> gather(const Party& first, std::span<const Party* const> parties);
  void hand_out(std::span<const Party* const> parties, std::span<const Bytes> brought);

  Transport* transport_;
  std::vector<Party> waiting_;
  std::map<std::string, Remote> remote_;  // by key: what has been sent and is not complete
  std::map<std::string, uint64_t> held_;  // by key: how many meetings of several processes
};

// "core 1", "rank 3", "core 1 of rank 3": what tells the member from the others of its launch.
std::string describe(Member member, bool several_ranks, bool several_cores);

}  // namespace kiln
