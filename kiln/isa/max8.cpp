#include "kiln/isa/max8.h"

#include "kiln/isa/eight_values.h"
#include "kiln/isa/rules.h"

namespace kiln {

void Max8::check(const Context& c, Report& report) const {
  const NamedTile d{"dst", c.tile(dst.view)}, s{"src", c.tile(src.view)};
  for (const NamedTile& t : {d, s}) {
    rules::engine_tile(c, report, t);
    rules::arithmetic_dtype(report, t);
  }
  rules::same_partitions(report, d, s);
  rules::rank_at_most(report, d, 2);
  rules::free_elements_are(report, d, eight);
  rules::rank_at_most(report, s, 3);
  rules::free_elements_at_least(report, s, eight);
  rules::free_elements_at_most(report, s, eight_data_max, "the limit of max8");
}

void Max8::execute(TileMemory& memory) const {
  const TileAccess d = memory.access(dst), s = memory.access(src);
  if (memory.fault()) return;
  for (int64_t p = 0; p < d.partitions; ++p) {
    const EightFloats largest = largest_eight(s, p);
    for (int64_t i = 0; i < d.elements; ++i) d.set(p, i, largest[static_cast<size_t>(i)]);
  }
}

}  // namespace kiln
