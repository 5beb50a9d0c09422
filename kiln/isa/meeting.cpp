#include "kiln/isa/meeting.h"

#include <cstring>

namespace kiln {

namespace {

// Calls fn(address, bytes) for each contiguous piece of the view, in order.
template <class Fn>
void for_each_piece(const TileAccess& a, Fn&& fn) {
  const int64_t size = size_bytes(a.dtype);
  const bool dense = a.stride[a.rank - 1] == size;
  const int64_t run = dense ? a.shape[a.rank - 1] : 1;
  for (int64_t p = 0; p < a.partitions; ++p) {
    for (int64_t i = 0; i < a.elements; i += run) {
      fn(a.at(p, i), static_cast<size_t>(run * size));
    }
  }
}

}  // namespace

Bytes pack(const TileAccess& from) {
  Bytes bytes(static_cast<size_t>(from.partitions * from.elements * size_bytes(from.dtype)));
  std::byte* to = bytes.data();
  for_each_piece(from, [&](const std::byte* at, size_t count) {
    std::memcpy(to, at, count);
    to += count;
  });
  return bytes;
}

void unpack(std::span<const std::byte> bytes, const TileAccess& to) {
  const std::byte* from = bytes.data();
  for_each_piece(to, [&](std::byte* at, size_t count) {
    std::memcpy(at, from, count);
    from += count;
  });
}

}  // namespace kiln
