// local_gather and nc_n_gather, at the CPU level of the including file. Both leave indices out of
// bounds to the reference meaning, which says what is wrong.
#pragma once

#include "kiln/executor/routines/stream/stream.h"
#include "kiln/isa/local_gather.h"
#include "kiln/isa/nc_n_gather.h"

namespace kiln::KILN_CPU_LEVEL {

namespace {

std::byte* bytes(float* words) { return reinterpret_cast<std::byte*>(words); }

// The elements of partition p next to each other: where they are, or copied to `scratch`.
const std::byte* stored_row(const TileAccess& a, int64_t p, float* scratch) {
  if (a.contiguous()) return a.row(p);
  const Sequence sequence(a, p, 1);
  Cursor cursor(sequence);
  gather(cursor, bytes(scratch), a.elements);
  return bytes(scratch);
}

template <class T>
void pick_elements(const std::byte* from, const uint32_t* indices, int64_t count, std::byte* to) {
  const T* in = reinterpret_cast<const T*>(from);
  T* out = reinterpret_cast<T*>(to);
  for (int64_t i = 0; i < count; ++i) out[i] = in[indices[i]];
}

// `each` elements of `size` bytes from each index on.
void pick(const std::byte* from, const uint32_t* indices, int64_t count, int64_t size, int64_t each,
          std::byte* to) {
  if (each > 1) {
    for (int64_t i = 0; i < count; ++i) {
      std::memcpy(to + i * each * size, from + indices[i] * size, static_cast<size_t>(each * size));
    }
  } else if (size == 4) {
    pick_elements<uint32_t>(from, indices, count, to);
  } else if (size == 2) {
    pick_elements<uint16_t>(from, indices, count, to);
  } else {
    pick_elements<uint8_t>(from, indices, count, to);
  }
}

// Partition p of `d` = the elements of partition p of `a` at the indices.
void pick_row(const TileAccess& d, const TileAccess& a, int64_t p, const uint32_t* indices,
              int64_t count, int64_t each) {
  const std::byte* from = stored_row(a, p, routines::workspace(routines::Slot::moving, a.elements));
  const int64_t size = size_bytes(a.dtype);
  if (d.contiguous()) return pick(from, indices, count, size, each, d.row(p));
  float* picked = routines::workspace(routines::Slot::result, d.elements);
  pick(from, indices, count, size, each, bytes(picked));
  const Sequence sequence(d, p, 1);
  Cursor cursor(sequence);
  scatter(bytes(picked), cursor, d.elements);
}

bool all_below(const uint32_t* indices, int64_t count, int64_t end) {
  uint32_t largest = 0;
  for (int64_t i = 0; i < count; ++i) largest = indices[i] > largest ? indices[i] : largest;
  return largest < end;
}

// The indices of the group of partitions from `first` on, column by column.
void read_group(const TileAccess& index, int64_t first, float* scratch, uint32_t* indices) {
  for (int64_t r = 0; r < LocalGather::group; ++r) {
    const auto* row = reinterpret_cast<const uint16_t*>(stored_row(index, first + r, scratch));
    for (int64_t i = 0; i < index.elements; ++i) indices[i * LocalGather::group + r] = row[i];
  }
}

}  // namespace

bool local_gather(const LocalGather& t, TileMemory& memory) {
  constexpr int64_t group = LocalGather::group;
  const TileAccess d = memory.access(t.dst), s = memory.access(t.src_buffer);
  const TileAccess x = memory.access(t.index);
  if (memory.fault()) return true;
  if (!routines::disjoint(d, s) || !routines::disjoint(d, x)) return false;
  const int64_t all = x.elements * group, count = t.index_count(x.elements);
  auto* indices = reinterpret_cast<uint32_t*>(
      routines::workspace(routines::Slot::panel, all * d.partitions / group));
  float* scratch = routines::workspace(routines::Slot::stationary, x.elements);
  for (int64_t p = 0; p < d.partitions; p += group) {
    uint32_t* of_group = indices + p / group * all;
    read_group(x, p, scratch, of_group);
    if (!all_below(of_group, count, s.elements - t.num_elem_per_idx + 1)) return false;
  }
  for (int64_t p = 0; p < d.partitions; ++p) {
    pick_row(d, s, p, indices + p / group * all, count, t.num_elem_per_idx);
  }
  return true;
}

bool nc_n_gather(const NcNGather& t, TileMemory& memory) {
  const TileAccess d = memory.access(t.dst), a = memory.access(t.data);
  const TileAccess x = memory.access(t.indices);
  if (memory.fault()) return true;
  if (!routines::disjoint(d, a) || !routines::disjoint(d, x)) return false;
  float* scratch = routines::workspace(routines::Slot::panel, x.elements);
  const auto row = [&](int64_t p) {
    return reinterpret_cast<const uint32_t*>(stored_row(x, p, scratch));
  };
  for (int64_t p = 0; p < d.partitions; ++p) {
    if (!all_below(row(p), x.elements, a.elements)) return false;
  }
  for (int64_t p = 0; p < d.partitions; ++p) pick_row(d, a, p, row(p), x.elements, 1);
  return true;
}

}  // namespace kiln::KILN_CPU_LEVEL
