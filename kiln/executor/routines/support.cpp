#include "kiln/executor/routines/support.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <new>
#include <numeric>

#include "kiln/isa/operand_value.h"

namespace kiln::routines {

namespace {

// Bytes from `base`: [low, high).
struct Reach {
  int64_t low = 0, high = 0;
};

Reach row_reach(const TileAccess& a) {
  Reach reach{0, size_bytes(a.dtype)};
  for (int i = 0; i < a.rank; ++i) {
    const int64_t span = (a.shape[i] - 1) * a.stride[i];
    (span < 0 ? reach.low : reach.high) += span;
  }
  return reach;
}

Reach whole_reach(const TileAccess& a, Reach row) {
  const int64_t span = (a.partitions - 1) * a.partition_stride;
  (span < 0 ? row.low : row.high) += span;
  return row;
}

int64_t divide_down(int64_t a, int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

// For rows with the same distance in both: whether no row of one meets a row of the other.
bool rows_disjoint(const TileAccess& a, const TileAccess& b, int64_t distance) {
  const int64_t stride = a.partition_stride;
  const Reach ra = row_reach(a), rb = row_reach(b);
  // Row i of a and row j of b meet if (i - j) * stride lies between these, exclusive.
  const int64_t above = distance + rb.low - ra.high, below = distance + rb.high - ra.low;
  const int64_t first = std::max(divide_down(above, stride) + 1, 1 - b.partitions);
  const int64_t last = std::min(divide_down(below - 1, stride), a.partitions - 1);
  return first > last;
}

// For interleaved elements: every stride is a multiple of `step`, and so the elements keep their
// places within it.
bool interleaved(const TileAccess& a, const TileAccess& b, int64_t distance) {
  int64_t step = 0;
  for (const TileAccess* t : {&a, &b}) {
    if (t->partitions > 1) step = std::gcd(step, t->partition_stride);
    for (int i = 0; i < t->rank; ++i) {
      if (t->shape[i] > 1) step = std::gcd(step, t->stride[i]);
    }
  }
  if (step == 0) return false;
  const int64_t place = distance - divide_down(distance, step) * step;
  return place >= size_bytes(a.dtype) && place + size_bytes(b.dtype) <= step;
}

// The elements are the same, and each is there once.
bool same_elements(const TileAccess& a, const TileAccess& b) {
  if (a.base != b.base || a.rank != b.rank || a.elements != b.elements ||
      a.partitions != b.partitions || size_bytes(a.dtype) != size_bytes(b.dtype) ||
      (a.partitions > 1 && a.partition_stride != b.partition_stride)) {
    return false;
  }
  int64_t inner_bytes = size_bytes(a.dtype);
  for (int i = a.rank - 1; i >= 0; --i) {
    if (a.shape[i] != b.shape[i] || a.stride[i] != b.stride[i]) return false;
    if (std::abs(a.stride[i]) < inner_bytes) return false;
    inner_bytes = std::abs(a.stride[i]) * a.shape[i];
  }
  return true;
}

}  // namespace

bool disjoint(const TileAccess& a, const TileAccess& b) {
  const Reach ra = whole_reach(a, row_reach(a)), rb = whole_reach(b, row_reach(b));
  const int64_t distance = b.base - a.base;
  if (ra.high <= distance + rb.low || distance + rb.high <= ra.low) return true;
  if (a.partition_stride == b.partition_stride && a.partition_stride > 0 &&
      rows_disjoint(a, b, distance)) {
    return true;
  }
  return interleaved(a, b, distance);
}

bool may_stream(const TileAccess& to, const TileAccess& from) {
  return same_elements(to, from) || disjoint(to, from);
}

Bits pattern_of(const InOrScalar& constant) {
  if (constant.is_int()) return constant.bits;
  const float value = constant.scalar();
  return from_float32(value < 0 ? DType::int32 : DType::uint32, value);
}

Bits stored_constant(DType dtype, const InOrScalar& constant) {
  return constant_bits(dtype, constant);
}

float* workspace(Slot slot, int64_t floats) {
  constexpr std::align_val_t line{64};
  struct Free {
    void operator()(float* p) const { ::operator delete[](p, line); }
  };
  struct Buffer {
    std::unique_ptr<float[], Free> data;
    int64_t floats = 0;
  };
  thread_local std::array<Buffer, 6> buffers;
  Buffer& buffer = buffers[static_cast<size_t>(slot)];
  if (buffer.floats < floats) {
    buffer.data.reset(new (line) float[static_cast<size_t>(floats)]);
    buffer.floats = floats;
  }
  return buffer.data.get();
}

}  // namespace kiln::routines
