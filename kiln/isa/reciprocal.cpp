#include "kiln/isa/reciprocal.h"

#include "kiln/isa/rules.h"

namespace kiln {

void Reciprocal::check(const Context& c, Report& report) const {
  const NamedTile d{"dst", c.tile(dst.view)}, a{"data", c.tile(data.view)};
  for (const NamedTile& t : {d, a}) {
    rules::engine_tile(c, report, t);
    rules::arithmetic_dtype(report, t);
  }
  rules::same_partitions(report, d, a);
  rules::same_free_elements(report, d, a);
}

void Reciprocal::execute(TileMemory& memory) const {
  const TileAccess d = memory.access(dst), a = memory.access(data);
  for (int64_t p = 0; p < d.partitions; ++p) {
    for (int64_t i = 0; i < d.elements; ++i) d.set(p, i, 1.0f / a.get(p, i));
  }
}

}  // namespace kiln
