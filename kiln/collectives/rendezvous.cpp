#include "kiln/collectives/rendezvous.h"

#include <fmt/format.h>

#include <algorithm>

namespace kiln {

namespace {

bool same_meeting(const Party& a, const Party& b) {
  return a.instruction->index() == b.instruction->index() &&
         a.meeting.channel == b.meeting.channel && a.meeting.members == b.meeting.members;
}

}  // namespace

Result<Meeting> meeting_of(const Instruction& instruction, const Tiles& tiles, Member self) {
  return std::visit(
      [&](const auto& i) -> Result<Meeting> {
        if constexpr (is_meeting<std::decay_t<decltype(i)>>) return i.meeting(tiles, self);
        return Error{"not a meeting"};
      },
      instruction);
}

std::vector<size_t> find_complete(std::span<const Party> waiting) {
  for (const Party& first : waiting) {
    std::vector<size_t> present;
    for (const Member& member : first.meeting.members) {
      const auto found = std::ranges::find_if(waiting, [&](const Party& party) {
        return party.member == member && same_meeting(party, first);
      });
      if (found == waiting.end()) break;
      present.push_back(static_cast<size_t>(found - waiting.begin()));
    }
    if (present.size() == first.meeting.members.size()) return present;
  }
  return {};
}

void hold(std::span<Party* const> parties) {
  std::visit(
      [&](const auto& kind) {
        using T = std::decay_t<decltype(kind)>;
        if constexpr (is_meeting<T>) {
          std::vector<Bytes> brought;
          for (Party* party : parties) {
            brought.push_back(std::get<T>(*party->instruction).bring(*party->memory));
          }
          for (size_t i = 0; i < parties.size(); ++i) {
            std::get<T>(*parties[i]->instruction).take(*parties[i]->memory, {brought, i});
          }
        }
      },
      *parties.front()->instruction);
}

std::string describe(Member member, bool several_ranks, bool several_cores) {
  if (!several_ranks) return fmt::format("core {}", member.core);
  if (!several_cores) return fmt::format("rank {}", member.rank);
  return fmt::format("core {} of rank {}", member.core, member.rank);
}

}  // namespace kiln
