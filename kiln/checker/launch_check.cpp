#include "kiln/checker/launch_check.h"

#include <fmt/format.h>

#include <algorithm>

#include "kiln/checker/diagnostic_kinds.h"

namespace kiln {

namespace {

// More races than this are hardly read.
constexpr size_t races_max = 100;

}  // namespace

LaunchCheck::LaunchCheck(std::span<const Seat> seats)
    : seats_(seats.begin(), seats.end()), shared_(seats.size()) {
  for (size_t i = 0; i < seats_.size(); ++i) {
    checks_.emplace_back(*seats_[i].program, seats_[i].member, i, shared_, findings_);
  }
}

void LaunchCheck::meet(std::span<const Member> members) {
  std::vector<size_t> numbers;
  for (const Member& member : members) {
    const auto seat = std::ranges::find(seats_, member, &Seat::member);
    numbers.push_back(static_cast<size_t>(seat - seats_.begin()));
  }
  shared_.sharing().meet(numbers);
}

void LaunchCheck::run_without_values() {
  executed_ = false;
  for (ProgramCheck& check : checks_) {
    if (checks_.size() > 1) check.trust_shared_tensors();
    check.run_without_values();
  }
}

void LaunchCheck::finish() {
  for (ProgramCheck& check : checks_) check.finish();
  for (ProgramCheck& check : checks_) check.check_outputs();
  if (executed_) races_ = shared_.sharing().races(races_max);
  report_unread_inputs();
}

bool LaunchCheck::has_unwritten_reads() const {
  return std::ranges::any_of(checks_, &ProgramCheck::has_unwritten_reads);
}

void LaunchCheck::report_unwritten_reads(bool reaches_result) {
  for (ProgramCheck& check : checks_) check.report_unwritten_reads(reaches_result);
}

CheckCounts LaunchCheck::counts() const {
  CheckCounts counts;
  for (const ProgramCheck& check : checks_) counts.add(check.counts());
  return counts;
}

void LaunchCheck::report_races(bool reaches_result) {
  const DiagnosticKind& kind = reaches_result ? diag::race : diag::unordered_access;
  for (const Sharing::Race& race : races_) {
    const Program& program = *seats_[race.member].program;
    const Program& other = *seats_[race.other].program;
    const Storage& storage = program.tiles.storage(race.access->footprint.storage);
    const auto verb = [](const Sharing::Access& a) { return a.writes ? "writes" : "reads"; };
    findings_.add(
        kind, program, race.access->instruction,
        fmt::format("core {} {} {}, and core {} {} the same bytes; nothing orders the two",
                    seats_[race.member].member.core, verb(*race.access), describe(program, storage),
                    seats_[race.other].member.core, verb(*race.against)),
        {{fmt::format("core {} {} here", seats_[race.other].member.core, verb(*race.against)),
          Findings::at(other, race.against->instruction)}});
  }
}

// Inputs that no core reads in full. An input that is written may be there for that alone.
void LaunchCheck::report_unread_inputs() {
  const Program& program = *seats_[0].program;
  for (StorageId id : program.inputs) {
    const ByteSet& read = checks_[0].shared_tensor(id).read;
    const ByteSet::Missing missing = read.missing();
    if (missing.bytes == 0 || checks_[0].shared_tensor(id).is_written) continue;
    const Storage& storage = program.tiles.storage(id);
    const int64_t size = size_bytes(storage.dtype);
    findings_.add(diag::unread_input, Findings::at(program, storage), program.kernel,
                  read.empty()
                      ? fmt::format("input '{}' is never read", storage.name)
                      : fmt::format("{} of the {} elements of input '{}' are never read, the first "
                                    "is number {}",
                                    missing.bytes / size, storage.elements(), storage.name,
                                    missing.byte / size));
  }
}

}  // namespace kiln
