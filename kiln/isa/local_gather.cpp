#include "kiln/isa/local_gather.h"

#include <bit>

#include "kiln/isa/rules.h"

namespace kiln {

namespace {

void check_counts(Report& report, const LocalGather& t, const NamedTile& d, const NamedTile& x) {
  const int64_t all = x.tile.free_elements() * LocalGather::group;
  const int32_t each = t.num_elem_per_idx;
  if (each < 1 || each > 32 || !std::has_single_bit(static_cast<uint32_t>(each))) {
    report.add(diag::bad_argument, "num_elem_per_idx is {}; it must be 1, 2, 4, 8, 16 or 32", each);
    return;
  }
  if (t.num_valid_indices < 0 || t.num_valid_indices > all) {
    report.add(diag::bad_argument,
               "num_valid_indices is {}; 16 partitions of index have {} elements",
               t.num_valid_indices, all);
    return;
  }
  const int64_t count = t.index_count(x.tile.free_elements());
  if (count > LocalGather::indices_max) {
    report.add(diag::tile_too_large, "16 partitions have {} indices; the limit is {}", count,
               LocalGather::indices_max);
  }
  rules::free_elements_are(report, d, count * each);
}

}  // namespace

void LocalGather::check(const Context& c, Report& report) const {
  const NamedTile d{"dst", c.tile(dst.view)}, s{"src_buffer", c.tile(src_buffer.view)},
      x{"index", c.tile(index.view)};
  for (const NamedTile& t : {d, s, x}) {
    if (rules::in_sbuf(c, report, t)) rules::engine_tile(c, report, t);
  }
  rules::same_dtype(report, d, s);
  rules::dtype_is(report, x, {DType::uint16});
  rules::same_partitions(report, d, s);
  rules::same_partitions(report, s, x);
  if (s.tile.on_chip() && s.tile.partitions() % group != 0) {
    report.add(diag::partition_count, "src_buffer has {} partitions; they must be a multiple of {}",
               s.tile.partitions(), group);
  }
  check_counts(report, *this, d, x);
}

void LocalGather::execute(TileMemory& memory) const {
  const TileAccess d = memory.access(dst), s = memory.access(src_buffer), x = memory.access(index);
  if (memory.fault()) return;
  const std::vector<Bits> source = s.all_bits(), offsets = x.all_bits();
  const int64_t count = index_count(x.elements);
  for (int64_t p = 0; p < d.partitions; ++p) {
    const int64_t first = p - p % group;
    for (int64_t i = 0; i < count; ++i) {
      const int64_t offset =
          offsets[static_cast<size_t>((first + i % group) * x.elements + i / group)];
      if (offset + num_elem_per_idx > s.elements) {
        memory.fault(fmt::format(
            "index {} of partitions {} to {} is {}; src_buffer has {} elements per partition", i,
            first, first + group - 1, offset, s.elements));
        return;
      }
      for (int64_t j = 0; j < num_elem_per_idx; ++j) {
        d.set_bits(p, i * num_elem_per_idx + j,
                   source[static_cast<size_t>(p * s.elements + offset + j)]);
      }
    }
  }
}

}  // namespace kiln
