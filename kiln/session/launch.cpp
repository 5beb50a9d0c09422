#include "kiln/session/launch.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <thread>

#include "kiln/session/contest.h"

namespace kiln {

namespace {

using Clock = std::chrono::steady_clock;

// How often another process is asked for what it brings.
constexpr auto poll_interval = std::chrono::microseconds(50);

// The members of one launch on their way to the end. They are executed one after the other, each up
// to where it has to wait, so that results do not depend on who is faster. Cores that write the
// same memory take turns instead, one instruction each: kernels rely on cores being about equally
// fast.
class Launch {
 public:
  Launch(std::span<const Seat> seats, const TogetherOptions& options)
      : seats_(seats), options_(options), ended_(seats.size()), rendezvous_(options.transport) {
    for (const Seat& seat : seats) {
      several_ranks_ |= seat.member.rank != 0;
      several_cores_ |= seat.member.core != 0;
    }
    several_ranks_ |= options.transport != nullptr;
    if (several_cores_ && is_contested(seats)) turn_ = 1;
  }

  Status run();

 private:
  Status advance_all();
  Result<Stop> advance(size_t seat);
  Result<bool> hold_all();
  Result<bool> wait_for_others();
  const Seat& seat_of(Member member) const {
    return *std::ranges::find(seats_, member, &Seat::member);
  }
  std::string describe(Member member) const {
    return kiln::describe(member, several_ranks_, several_cores_);
  }
  std::string where(const Seat& seat) const;
  std::string waits_for(const Seat& seat) const;
  Error deadlock() const;

  std::span<const Seat> seats_;
  const TogetherOptions& options_;
  std::vector<bool> ended_;
  Rendezvous rendezvous_;
  bool several_ranks_ = false, several_cores_ = false;
  size_t turn_ = std::numeric_limits<size_t>::max();
};

std::string Launch::where(const Seat& seat) const {
  return seat.program->files.describe(seat.program->locations[seat.execution->position()]);
}

// Executes one turn of a member that does not wait.
Result<Stop> Launch::advance(size_t i) {
  const Seat& seat = seats_[i];
  Result<Stop> stop = seat.execution->advance(turn_);
  if (!stop) {
    const std::string who = seats_.size() > 1 ? describe(seat.member) + ": " : "";
    return Error{who + stop.error().message};
  }
  ended_[i] = *stop == Stop::end;
  if (*stop != Stop::meeting) return stop;
  seat.execution->prepare_meeting();
  const Instruction& instruction = seat.program->code[seat.execution->position()];
  Status status = rendezvous_.arrive(seat.member, instruction, seat.execution->memory());
  if (!status) {
    return Error{
        fmt::format("{}: {}: {}", where(seat), name_of(instruction), status.error().message)};
  }
  return stop;
}

// Executes all members up to where they have to wait.
Status Launch::advance_all() {
  bool go_on = true;
  while (go_on) {
    go_on = false;
    for (size_t turn = 0; turn < seats_.size(); ++turn) {
      const size_t i = options_.reversed ? seats_.size() - 1 - turn : turn;
      if (ended_[i] || rendezvous_.find(seats_[i].member) != nullptr) continue;
      const Result<Stop> stop = advance(i);
      if (!stop) return stop.error();
      go_on |= *stop == Stop::turn;
    }
  }
  return Done{};
}

// Holds every meeting that is complete. Returns whether there was one.
Result<bool> Launch::hold_all() {
  bool held = false;
  while (true) {
    const Result<std::vector<Member>> members = rendezvous_.hold_next();
    if (!members) return members.error();
    if (members->empty()) return held;
    held = true;
    if (options_.met) options_.met(*members);
    for (const Member& member : *members) {
      if (Status status = seat_of(member).execution->pass_meeting(); !status) {
        return status.error();
      }
    }
  }
}

// Waits until another process lets somebody go on. Returns whether that happened.
Result<bool> Launch::wait_for_others() {
  const Clock::time_point end = Clock::now() + options_.patience;
  while (rendezvous_.waits_for_others() && Clock::now() < end) {
    std::this_thread::sleep_for(poll_interval);
    if (options_.go_on && !options_.go_on()) return Error{"stopped"};
    const Result<bool> held = hold_all();
    if (!held || *held) return held;
  }
  return false;
}

std::string Launch::waits_for(const Seat& seat) const {
  const Party& party = *rendezvous_.find(seat.member);
  std::vector<std::string> others;
  for (const Member& member : party.meeting.members) {
    if (member == seat.member) continue;
    const Party* other = rendezvous_.find(member);
    if (other != nullptr && other->instruction->index() == party.instruction->index() &&
        other->meeting.channel == party.meeting.channel) {
      continue;
    }
    const bool is_here = std::ranges::find(seats_, member, &Seat::member) != seats_.end();
    const bool is_elsewhere = options_.transport != nullptr &&
                              !options_.transport->is_local(member.rank) &&
                              member.rank < options_.transport->rank_count();
    others.push_back(describe(member) + (is_here        ? ""
                                         : is_elsewhere ? ", in another process"
                                                        : ", which is not in this launch"));
  }
  return fmt::format("{} waits at {} in {}{} for {}", describe(seat.member), where(seat),
                     name_of(*party.instruction),
                     party.meeting.text.empty() ? "" : fmt::format(" ({})", party.meeting.text),
                     fmt::join(others, " and "));
}

Error Launch::deadlock() const {
  std::string text = "deadlock: nobody can go on";
  for (size_t i = 0; i < seats_.size(); ++i) {
    text += "\n  " + (ended_[i] ? describe(seats_[i].member) + " has ended" : waits_for(seats_[i]));
  }
  return Error{text};
}

Status Launch::run() {
  while (true) {
    if (Status status = advance_all(); !status) return status;
    if (rendezvous_.empty()) return Done{};
    Result<bool> held = hold_all();
    if (held && !*held) held = wait_for_others();
    if (!held) return held.error();
    if (!*held) return deadlock();
  }
}

}  // namespace

Status execute_together(std::span<const Seat> seats, const TogetherOptions& options) {
  return Launch(seats, options).run();
}

}  // namespace kiln
