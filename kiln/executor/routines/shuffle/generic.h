// nc_stream_shuffle, at the CPU level of the including file.
#pragma once

#include "kiln/executor/routines/stream/stream.h"
#include "kiln/isa/nc_stream_shuffle.h"

namespace kiln::KILN_CPU_LEVEL {

bool nc_stream_shuffle(const NcStreamShuffle& t, TileMemory& memory) {
  const TileAccess d = memory.access(t.dst), s = memory.access(t.src);
  if (memory.fault()) return true;
  const int64_t row_bytes = s.elements * size_bytes(s.dtype);
  // All rows are read before one is written, for dst may be src.
  const int64_t row_words =
      (row_bytes + static_cast<int64_t>(sizeof(float)) - 1) / static_cast<int64_t>(sizeof(float));
  float* rows = routines::workspace(routines::Slot::moving, s.partitions * row_words);
  for (int64_t p = 0; p < s.partitions; ++p) {
    const Sequence row(s, p, 1);
    Cursor cursor(row);
    gather(cursor, reinterpret_cast<std::byte*>(rows + p * row_words), s.elements);
  }
  for (int64_t p = 0; p < d.partitions; ++p) {
    const int64_t in_quadrant = p % NcStreamShuffle::quadrant;
    const uint8_t source = t.shuffle_mask.source[static_cast<size_t>(in_quadrant)];
    if (source == ShuffleMask::keep) continue;
    const float* from = rows + (p - in_quadrant + source) * row_words;
    const Sequence row(d, p, 1);
    Cursor cursor(row);
    scatter(reinterpret_cast<const std::byte*>(from), cursor, d.elements);
  }
  return true;
}

}  // namespace kiln::KILN_CPU_LEVEL
