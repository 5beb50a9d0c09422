// Transport: how what members bring to a meeting reaches the processes of the others. In-process
// launches have none.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kiln/isa/meeting.h"

namespace kiln {

// One meeting among all of a launch: the same in every process, and never used twice.
struct MeetingId {
  std::string key;        // kind, channel and members
  uint64_t sequence = 0;  // how many with this key were before

  friend auto operator<=>(const MeetingId&, const MeetingId&) = default;
};

class Transport {
 public:
  virtual ~Transport() = default;

  // The ranks of the launch, over all processes, and whether this one has the rank.
  virtual int rank_count() const = 0;
  virtual bool is_local(int32_t rank) const = 0;

  // Sends what a local member brings to the processes of the other members.
  virtual Status send(const MeetingId& id, const Meeting& meeting, Member from,
                      const Bytes& bytes) = 0;
  // What a member of another process brings, once it has arrived.
  virtual Result<std::optional<Bytes>> receive(const MeetingId& id, Member from) = 0;
};

}  // namespace kiln
