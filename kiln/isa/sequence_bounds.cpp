#include "kiln/isa/sequence_bounds.h"

#include "kiln/isa/rules.h"

namespace kiln {

namespace {

// Exact for both types.
double id_at(const TileAccess& ids, int64_t i) {
  if (ids.dtype == DType::int32) return static_cast<int32_t>(ids.bits(0, i));
  return ids.get(0, i);
}

void store_index(const TileAccess& dst, int64_t i, int64_t index) {
  if (dst.dtype == DType::int32) {
    dst.set_bits(0, i, static_cast<Bits>(index));
  } else {
    dst.set(0, i, static_cast<float>(index));
  }
}

}  // namespace

void SequenceBounds::check(const Context& c, Report& report) const {
  const NamedTile d{"dst", c.tile(dst.view)}, s{"segment_ids", c.tile(segment_ids.view)};
  for (const NamedTile& t : {d, s}) {
    if (rules::in_sbuf(c, report, t)) rules::engine_tile(c, report, t);
    rules::dtype_is(report, t, {DType::float32, DType::int32});
    if (t.tile.on_chip() && t.tile.partitions() != 1) {
      report.add(diag::partition_count, "{} has {} partitions; it has 1", t.name,
                 t.tile.partitions());
    }
  }
  rules::free_elements_are(report, d, 2 * s.tile.free_elements());
}

void SequenceBounds::execute(TileMemory& memory) const {
  const TileAccess d = memory.access(dst), s = memory.access(segment_ids);
  if (memory.fault()) return;
  const int64_t n = s.elements;
  std::vector<double> ids;
  for (int64_t i = 0; i < n; ++i) ids.push_back(id_at(s, i));
  for (int64_t first = 0, end = 0; first < n; first = end) {
    const double id = ids[static_cast<size_t>(first)];
    end = first + 1;
    while (end < n && ids[static_cast<size_t>(end)] == id) ++end;
    for (int64_t i = first; i < end; ++i) {
      store_index(d, i, id == 0 ? n : first);
      store_index(d, n + i, id == 0 ? -1 : end);
    }
  }
}

}  // namespace kiln
