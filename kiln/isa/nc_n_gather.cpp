#include "kiln/isa/nc_n_gather.h"

#include "kiln/isa/rules.h"

namespace kiln {

void NcNGather::check(const Context& c, Report& report) const {
  const NamedTile d{"dst", c.tile(dst.view)}, a{"data", c.tile(data.view)},
      x{"indices", c.tile(indices.view)};
  for (const NamedTile& t : {d, a, x}) {
    if (rules::in_sbuf(c, report, t)) rules::engine_tile(c, report, t);
  }
  rules::same_partitions(report, d, a);
  rules::same_partitions(report, d, x);
  rules::same_dtype(report, d, a);
  rules::dtype_is(report, x, {DType::uint32});
  rules::same_free_elements(report, d, x);
}

void NcNGather::execute(TileMemory& memory) const {
  const TileAccess d = memory.access(dst), a = memory.access(data), x = memory.access(indices);
  if (memory.fault()) return;
  const std::vector<Bits> source = a.all_bits(), offsets = x.all_bits();
  for (int64_t p = 0; p < d.partitions; ++p) {
    for (int64_t i = 0; i < d.elements; ++i) {
      const int64_t offset = offsets[static_cast<size_t>(p * d.elements + i)];
      if (offset >= a.elements) {
        memory.fault(
            fmt::format("index {} of partition {} is {}; data has {} elements per partition", i, p,
                        offset, a.elements));
        return;
      }
      d.set_bits(p, i, source[static_cast<size_t>(p * a.elements + offset)]);
    }
  }
}

}  // namespace kiln
