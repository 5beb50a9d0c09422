#include "kiln/isa/nc_match_replace8.h"

#include <algorithm>

#include "kiln/isa/rules.h"

namespace kiln {

void NcMatchReplace8::check(const Context& c, Report& report) const {
  const NamedTile d{"dst", c.tile(dst.view)}, a{"data", c.tile(data.view)},
      v{"vals", c.tile(vals.view)};
  for (const NamedTile& t : {d, a, v}) {
    rules::engine_tile(c, report, t);
    rules::arithmetic_dtype(report, t);
  }
  rules::same_partitions(report, d, a);
  rules::same_partitions(report, d, v);
  rules::same_free_elements(report, d, a);
  rules::free_elements_are(report, v, eight);
  rules::free_elements_at_most(report, a, eight_data_max, "the limit of nc_match_replace8");
  if (!dst_idx.given()) return;
  const NamedTile x{"dst_idx", c.tile(dst_idx.view)};
  rules::engine_tile(c, report, x);
  rules::same_partitions(report, d, x);
  rules::dtype_is(report, x, {DType::uint16, DType::uint32});
  rules::free_elements_are(report, x, eight);
}

void NcMatchReplace8::execute(TileMemory& memory) const {
  const TileAccess d = memory.access(dst), a = memory.access(data), v = memory.access(vals);
  const TileAccess x = dst_idx.given() ? memory.access(dst_idx) : TileAccess{};
  if (memory.fault()) return;
  for (int64_t p = 0; p < d.partitions; ++p) {
    const EightIndices found = find_eight(a, v, p, duplicates);
    std::vector<Bits> row;
    for (int64_t i = 0; i < d.elements; ++i) {
      row.push_back(a.dtype == d.dtype ? a.bits(p, i) : from_float32(d.dtype, a.get(p, i)));
    }
    for (const int64_t i : found) {
      if (i >= 0) row[static_cast<size_t>(i)] = from_float32(d.dtype, imm);
    }
    for (int64_t i = 0; i < d.elements; ++i) d.set_bits(p, i, row[static_cast<size_t>(i)]);
    if (dst_idx.given()) store_eight(x, p, found, missing);
  }
}

}  // namespace kiln
