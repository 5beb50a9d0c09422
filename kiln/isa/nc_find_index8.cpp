#include "kiln/isa/nc_find_index8.h"

#include "kiln/isa/rules.h"

namespace kiln {

void NcFindIndex8::check(const Context& c, Report& report) const {
  const NamedTile d{"dst", c.tile(dst.view)}, a{"data", c.tile(data.view)},
      v{"vals", c.tile(vals.view)};
  for (const NamedTile& t : {d, a, v}) rules::engine_tile(c, report, t);
  for (const NamedTile& t : {a, v}) {
    rules::arithmetic_dtype(report, t);
    rules::same_partitions(report, d, t);
    rules::rank_at_most(report, t, 3);
  }
  rules::dtype_is(report, d, {DType::uint16, DType::uint32});
  rules::rank_at_most(report, d, 2);
  rules::free_elements_are(report, d, eight);
  rules::free_elements_are(report, v, eight);
  rules::free_elements_at_least(report, a, eight);
  rules::free_elements_at_most(report, a, eight_data_max, "the limit of nc_find_index8");
}

void NcFindIndex8::execute(TileMemory& memory) const {
  const TileAccess d = memory.access(dst), a = memory.access(data), v = memory.access(vals);
  if (memory.fault()) return;
  for (int64_t p = 0; p < d.partitions; ++p) {
    store_eight(d, p, find_eight(a, v, p, Duplicates::ascending), missing);
  }
}

}  // namespace kiln
