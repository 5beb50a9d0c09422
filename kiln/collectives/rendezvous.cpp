#include "kiln/collectives/rendezvous.h"

#include <fmt/format.h>

#include <algorithm>

namespace kiln {

namespace {

bool same_meeting(const Party& a, const Party& b) {
  return a.instruction->index() == b.instruction->index() &&
         a.meeting.channel == b.meeting.channel && a.meeting.members == b.meeting.members;
}

// What names the meeting in every process.
std::string key_of(const Party& party) {
  std::string key = fmt::format("{} {}:", party.instruction->index(), party.meeting.channel);
  for (const Member& m : party.meeting.members) key += fmt::format(" {}.{}", m.rank, m.core);
  return key;
}

// Calls fn with the instruction, which is a meeting.
template <class Fn>
auto visit_meeting(const Instruction& instruction, Fn&& fn) {
  return std::visit(
      [&](const auto& i) {
        using T = std::decay_t<decltype(i)>;
        if constexpr (is_meeting<T>) {
          return fn(i);
        } else {
          KILN_CHECK(false);
          return decltype(fn(std::declval<CoreBarrier>()))();
        }
      },
      instruction);
}

Bytes bring(const Party& party) {
  return visit_meeting(*party.instruction, [&](const auto& i) { return i.bring(*party.memory); });
}

}  // namespace

Status Rendezvous::arrive(Member member, const Instruction& instruction, TileMemory& memory) {
  std::optional<Error> error;
  Meeting meeting = visit_meeting(instruction, [&](const auto& i) {
    Result<Meeting> found = i.meeting(memory.tiles(), member);
    if (found) return std::move(found).value();
    error = found.error();
    return Meeting();
  });
  if (error) return *error;
  waiting_.push_back({member, &instruction, &memory, std::move(meeting)});
  return Done{};
}

const Party* Rendezvous::find(Member member) const {
  const auto found = std::ranges::find(waiting_, member, &Party::member);
  return found == waiting_.end() ? nullptr : &*found;
}

// Who of the meeting waits here, in the order of its members; nothing if one that should be here
// has not come.
std::vector<const Party*> Rendezvous::local_parties(const Party& of) const {
  std::vector<const Party*> parties;
  for (const Member& member : of.meeting.members) {
    if (!is_here(member)) continue;
    const Party* party = find(member);
    if (party == nullptr || !same_meeting(*party, of)) return {};
    parties.push_back(party);
  }
  return parties;
}

bool Rendezvous::waits_for_others() const {
  return std::ranges::any_of(waiting_, [&](const Party& party) {
    const bool all_here =
        std::ranges::all_of(party.meeting.members, [&](const Member& m) { return is_here(m); });
    return !all_here && !local_parties(party).empty();
  });
}

// Exchanges with the other processes. Returns whether all have brought what is theirs.
Result<bool> Rendezvous::gather(const Party& first, std::span<const Party* const> parties) {
  const std::string key = key_of(first);
  const std::vector<Member>& members = first.meeting.members;
  const auto [at, is_new] = remote_.try_emplace(key);
  Remote& remote = at->second;
  if (is_new) {
    remote.id = {key, held_[key]++};
    remote.brought.resize(members.size());
    for (const Party* party : parties) {
      const auto position = std::ranges::find(members, party->member) - members.begin();
      Bytes bytes = bring(*party);
      Status status = transport_->send(remote.id, first.meeting, party->member, bytes);
      if (!status) return status.error();
      remote.brought[static_cast<size_t>(position)] = std::move(bytes);
    }
  }
  bool complete = true;
  for (size_t i = 0; i < members.size(); ++i) {
    if (remote.brought[i]) continue;
    Result<std::optional<Bytes>> bytes = transport_->receive(remote.id, members[i]);
    if (!bytes) return bytes.error();
    remote.brought[i] = std::move(bytes).value();
    complete &= remote.brought[i].has_value();
  }
  return complete;
}

void Rendezvous::hand_out(std::span<const Party* const> parties, std::span<const Bytes> brought) {
  for (const Party* party : parties) {
    const std::vector<Member>& members = party->meeting.members;
    const auto self = std::ranges::find(members, party->member) - members.begin();
    visit_meeting(*party->instruction, [&](const auto& i) {
      i.take(*party->memory, {brought, static_cast<size_t>(self)});
      return 0;
    });
  }
}

Result<std::vector<Member>> Rendezvous::hold_next() {
  for (const Party& first : waiting_) {
    const std::vector<const Party*> parties = local_parties(first);
    if (parties.empty()) continue;
    std::vector<Bytes> brought;
    if (parties.size() == first.meeting.members.size()) {
      for (const Party* party : parties) brought.push_back(bring(*party));
    } else {
      const Result<bool> complete = gather(first, parties);
      if (!complete) return complete.error();
      if (!*complete) continue;
      const auto at = remote_.find(key_of(first));
      for (std::optional<Bytes>& bytes : at->second.brought) brought.push_back(std::move(*bytes));
      remote_.erase(at);
    }
    hand_out(parties, brought);
    std::vector<Member> held;
    for (const Party* party : parties) held.push_back(party->member);
    std::erase_if(waiting_, [&](const Party& party) {
      return std::ranges::find(held, party.member) != held.end();
    });
    return held;
  }
  return std::vector<Member>();
}

std::string describe(Member member, bool several_ranks, bool several_cores) {
  if (!several_ranks) return fmt::format("core {}", member.core);
  if (!several_cores) return fmt::format("rank {}", member.rank);
  return fmt::format("core {} of rank {}", member.core, member.rank);
}

}  // namespace kiln
