#include "kiln/isa/nc_stream_shuffle.h"

#include <algorithm>

#include "kiln/isa/rules.h"

namespace kiln {

namespace {

// The partition of src that partition p of dst copies, or -1.
int64_t source_partition(const ShuffleMask& mask, int64_t p) {
  const int64_t in_quadrant = p % NcStreamShuffle::quadrant;
  const uint8_t source = mask.source[static_cast<size_t>(in_quadrant)];
  return source == ShuffleMask::keep ? -1 : p - in_quadrant + source;
}

}  // namespace

void NcStreamShuffle::check(const Context& c, Report& report) const {
  const NamedTile d{"dst", c.tile(dst.view)}, s{"src", c.tile(src.view)};
  const int64_t active = std::max(d.tile.partitions(), s.tile.partitions());
  for (const NamedTile& t : {d, s}) {
    const int64_t start = rules::start_partition(t.tile);
    if (rules::engine_tile(c, report, t) && !rules::may_start_at(start, active)) {
      report.add(diag::start_partition, "{} starts at partition {}; a shuffle of {} starts at {}",
                 t.name, start, active, active > 64 ? "0" : "0 or 64");
    }
  }
  rules::same_dtype(report, d, s);
  rules::same_free_elements(report, d, s);
  for (size_t i = 0; i < shuffle_mask.source.size(); ++i) {
    const uint8_t source = shuffle_mask.source[i];
    if (source < quadrant || source == ShuffleMask::keep) continue;
    report.add(diag::bad_argument, "shuffle_mask[{}] is {}; it must be 0 to 31, or 255", i, source);
    return;
  }
  for (int64_t p = 0; p < d.tile.partitions(); ++p) {
    const int64_t source = source_partition(shuffle_mask, p);
    if (source < s.tile.partitions()) continue;
    report.add(diag::bad_argument, "partition {} of dst copies partition {} of src, which has {}",
               p, source, s.tile.partitions());
    return;
  }
}

void NcStreamShuffle::execute(TileMemory& memory) const {
  const TileAccess d = memory.access(dst), s = memory.access(src);
  if (memory.fault()) return;
  const std::vector<Bits> rows = s.all_bits();
  for (int64_t p = 0; p < d.partitions; ++p) {
    const int64_t source = source_partition(shuffle_mask, p);
    if (source < 0) continue;
    for (int64_t i = 0; i < d.elements; ++i) {
      d.set_bits(p, i, rows[static_cast<size_t>(source * s.elements + i)]);
    }
  }
}

}  // namespace kiln
