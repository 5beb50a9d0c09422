#include "kiln/isa/bn_stats.h"

#include "kiln/isa/rules.h"

namespace kiln {

namespace {

struct Stats {
  float count = 0;
  float mean = 0;
  float squares = 0;  // variance * count
};

// Of every second element of partition p from `first` on. Zero if there is none.
Stats stats_of_half(const TileAccess& data, int64_t p, int64_t first) {
  Stats s;
  float sum = 0;
  for (int64_t i = first; i < data.elements; i += 2) {
    s.count += 1;
    sum += data.get(p, i);
  }
  if (s.count == 0) return s;
  s.mean = sum / s.count;
  for (int64_t i = first; i < data.elements; i += 2) {
    const float deviation = data.get(p, i) - s.mean;
    s.squares += deviation * deviation;
  }
  return s;
}

}  // namespace

void BnStats::check(const Context& c, Report& report) const {
  const NamedTile d{"dst", c.tile(dst.view)}, a{"data", c.tile(data.view)};
  for (const NamedTile& t : {d, a}) {
    rules::engine_tile(c, report, t);
    rules::arithmetic_dtype(report, t);
  }
  rules::same_partitions(report, d, a);
  rules::free_elements_are(report, d, 6);
  rules::free_elements_at_most(report, a, c.machine.bn_stats_free, "bn_stats_fmax");
}

void BnStats::execute(TileMemory& memory) const {
  const TileAccess d = memory.access(dst), a = memory.access(data);
  for (int64_t p = 0; p < d.partitions; ++p) {
    const Stats even = stats_of_half(a, p, 0), odd = stats_of_half(a, p, 1);
    int64_t i = 0;
    for (const Stats& s : {even, odd}) {
      d.set(p, i++, s.count);
      d.set(p, i++, s.mean);
      d.set(p, i++, s.squares);
    }
  }
}

}  // namespace kiln
