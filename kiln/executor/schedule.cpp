#include "kiln/executor/schedule.h"

#include "kiln/program/dependencies.h"

namespace kiln {

namespace {

using Edge = std::pair<uint32_t, uint32_t>;  // who comes before whom

Schedule schedule_of(const std::vector<Edge>& edges, size_t count) {
  Schedule s;
  s.waits_for.resize(count);
  s.first_dependent.resize(count + 1);
  for (const auto& [before, after] : edges) {
    ++s.waits_for[after];
    ++s.first_dependent[before + 1];
  }
  for (size_t i = 0; i < count; ++i) s.first_dependent[i + 1] += s.first_dependent[i];
  s.dependents.resize(edges.size());
  std::vector<uint32_t> next(s.first_dependent.begin(), s.first_dependent.end() - 1);
  for (const auto& [before, after] : edges) s.dependents[next[before]++] = after;
  return s;
}

}  // namespace

Schedule make_schedule(const Program& program, size_t first, size_t last) {
  Dependencies dependencies(program, first, last, Dependencies::PsumUnit::tile);
  std::vector<Edge> edges;
  for (size_t i = first; i < last; ++i) {
    const auto number = static_cast<uint32_t>(i - first);
    // The same pair is often found through several operands.
    const auto wait_for = [&](uint32_t earlier) {
      for (size_t e = edges.size(); e > 0 && edges[e - 1].second == number; --e) {
        if (edges[e - 1].first == earlier) return;
      }
      edges.emplace_back(earlier, number);
    };
    if (const auto asked = program.dependencies.find(static_cast<uint32_t>(i));
        asked != program.dependencies.end()) {
      for (uint32_t earlier : asked->second) {
        if (earlier >= first) wait_for(earlier - static_cast<uint32_t>(first));
      }
    }
    dependencies.add(number, i, [&](uint32_t earlier, Hazard) { wait_for(earlier); });
  }
  return schedule_of(edges, last - first);
}

}  // namespace kiln
