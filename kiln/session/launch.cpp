#include "kiln/session/launch.h"

#include <fmt/format.h>

#include <algorithm>

namespace kiln {

namespace {

// The members of one launch on their way to the end. They are executed one after the other, each up
// to where it has to wait, so that results do not depend on who is faster.
class Launch {
 public:
  explicit Launch(std::span<const Seat> seats) : seats_(seats), ended_(seats.size()) {
    for (const Seat& seat : seats) {
      several_ranks_ |= seat.member.rank != 0;
      several_cores_ |= seat.member.core != 0;
    }
  }

  Status run();

 private:
  Status advance_all();
  Status wait(const Seat& seat);
  Status hold_all(bool& held);
  bool is_waiting(Member member) const {
    return std::ranges::find(waiting_, member, &Party::member) != waiting_.end();
  }
  std::string describe(Member member) const {
    return kiln::describe(member, several_ranks_, several_cores_ || !several_ranks_);
  }
  std::string where(const Seat& seat) const;
  Error deadlock() const;

  std::span<const Seat> seats_;
  std::vector<bool> ended_;
  std::vector<Party> waiting_;
  bool several_ranks_ = false, several_cores_ = false;
};

std::string Launch::where(const Seat& seat) const {
  return seat.program->files.describe(seat.program->locations[seat.execution->position()]);
}

Status Launch::wait(const Seat& seat) {
  const Instruction& instruction = seat.program->code[seat.execution->position()];
  Result<Meeting> meeting = meeting_of(instruction, seat.program->tiles, seat.member);
  if (!meeting) {
    return Error{
        fmt::format("{}: {}: {}", where(seat), name_of(instruction), meeting.error().message)};
  }
  waiting_.push_back(
      {seat.member, &instruction, &seat.execution->memory(), std::move(meeting).value()});
  return Done{};
}

Status Launch::advance_all() {
  for (size_t i = 0; i < seats_.size(); ++i) {
    if (ended_[i] || is_waiting(seats_[i].member)) continue;
    const Result<Stop> stop = seats_[i].execution->advance();
    if (!stop) {
      const std::string who = seats_.size() > 1 ? describe(seats_[i].member) + ": " : "";
      return Error{who + stop.error().message};
    }
    if (*stop == Stop::end) {
      ended_[i] = true;
    } else if (Status status = wait(seats_[i]); !status) {
      return status;
    }
  }
  return Done{};
}

Status Launch::hold_all(bool& held) {
  while (true) {
    const std::vector<size_t> complete = find_complete(waiting_);
    if (complete.empty()) return Done{};
    held = true;
    std::vector<Party*> parties;
    std::vector<const Seat*> seats;
    for (size_t i : complete) {
      parties.push_back(&waiting_[i]);
      seats.push_back(&*std::ranges::find(seats_, waiting_[i].member, &Seat::member));
      seats.back()->execution->prepare_meeting();
    }
    hold(parties);
    for (const Seat* seat : seats) {
      if (Status status = seat->execution->pass_meeting(); !status) return status;
    }
    std::erase_if(waiting_, [&](const Party& party) {
      return std::ranges::find(seats, party.member, [](const Seat* s) { return s->member; }) !=
             seats.end();
    });
  }
}

Error Launch::deadlock() const {
  std::string text = "deadlock: nobody can go on";
  for (size_t i = 0; i < seats_.size(); ++i) {
    const Seat& seat = seats_[i];
    if (ended_[i]) {
      text += fmt::format("\n  {} has ended", describe(seat.member));
      continue;
    }
    const Party& party = *std::ranges::find(waiting_, seat.member, &Party::member);
    std::vector<std::string> others;
    for (const Member& member : party.meeting.members) {
      if (member == seat.member) continue;
      const bool is_here = std::ranges::find(seats_, member, &Seat::member) != seats_.end();
      others.push_back(describe(member) + (is_here ? "" : ", which is not in this launch"));
    }
    text += fmt::format("\n  {} waits at {} in {}{} for {}", describe(seat.member), where(seat),
                        name_of(*party.instruction),
                        party.meeting.text.empty() ? "" : fmt::format(" ({})", party.meeting.text),
                        fmt::join(others, " and "));
  }
  return Error{text};
}

Status Launch::run() {
  while (true) {
    if (Status status = advance_all(); !status) return status;
    if (waiting_.empty()) return Done{};
    bool held = false;
    if (Status status = hold_all(held); !status) return status;
    if (!held) return deadlock();
  }
}

}  // namespace

Status execute_together(std::span<const Seat> seats) { return Launch(seats).run(); }

}  // namespace kiln
