#include "kiln/isa/bn_aggr.h"

#include "kiln/isa/rules.h"

namespace kiln {

void BnAggr::check(const Context& c, Report& report) const {
  const NamedTile d{"dst", c.tile(dst.view)}, a{"data", c.tile(data.view)};
  for (const NamedTile& t : {d, a}) {
    rules::engine_tile(c, report, t);
    rules::arithmetic_dtype(report, t);
  }
  rules::same_partitions(report, d, a);
  rules::free_elements_are(report, d, 2);
  if (a.tile.free_elements() % 3 != 0) {
    report.add(diag::size_mismatch, "data has {} elements per partition; it takes a multiple of 3",
               a.tile.free_elements());
  }
}

void BnAggr::execute(TileMemory& memory) const {
  const TileAccess d = memory.access(dst), a = memory.access(data);
  for (int64_t p = 0; p < d.partitions; ++p) {
    float count = 0, sum = 0;
    for (int64_t i = 0; i < a.elements; i += 3) {
      count += a.get(p, i);
      sum += a.get(p, i) * a.get(p, i + 1);
    }
    const float mean = sum / count;
    float squares = 0;  // variance * count
    for (int64_t i = 0; i < a.elements; i += 3) {
      const float shift = a.get(p, i + 1) - mean;
      squares += a.get(p, i + 2) + a.get(p, i) * shift * shift;
    }
    d.set(p, 0, mean);
    d.set(p, 1, squares / count);
  }
}

}  // namespace kiln
