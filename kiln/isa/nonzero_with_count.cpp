#include "kiln/isa/nonzero_with_count.h"

#include "kiln/isa/rules.h"

namespace kiln {

void NonzeroWithCount::check(const Context& c, Report& report) const {
  const NamedTile d{"dst", c.tile(dst.view)}, s{"src", c.tile(src.view)};
  for (const NamedTile& t : {d, s}) {
    if (rules::in_sbuf(c, report, t)) rules::engine_tile(c, report, t);
  }
  rules::same_partitions(report, d, s);
  rules::dtype_is(report, d, {DType::int32});
  rules::dtype_is(report, s, {DType::float32, DType::int32});
  rules::free_elements_are(report, d, s.tile.free_elements() + 1);
}

void NonzeroWithCount::execute(TileMemory& memory) const {
  const TileAccess d = memory.access(dst), s = memory.access(src);
  if (memory.fault()) return;
  for (int64_t p = 0; p < d.partitions; p += partition_step) {
    std::vector<Bits> row;
    for (int64_t i = 0; i < s.elements; ++i) {
      const bool nonzero = s.dtype == DType::int32 ? s.bits(p, i) != 0 : s.get(p, i) != 0;
      if (nonzero) row.push_back(static_cast<Bits>(i) + static_cast<Bits>(index_offset));
    }
    const auto count = static_cast<Bits>(row.size());
    row.resize(static_cast<size_t>(s.elements), static_cast<Bits>(padding_val));
    row.push_back(count);
    for (int64_t i = 0; i < d.elements; ++i) d.set_bits(p, i, row[static_cast<size_t>(i)]);
  }
}

}  // namespace kiln
