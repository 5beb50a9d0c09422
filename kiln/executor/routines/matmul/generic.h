// nc_matmul, at the CPU level of the including file.
#pragma once

#include "kiln/executor/routines/matmul/mx.h"
#include "kiln/executor/routines/matmul/product.h"
#include "kiln/executor/routines/transpose/transpose.h"
#include "kiln/isa/nc_matmul.h"

namespace kiln::KILN_CPU_LEVEL {

namespace {

// The tile as a float32 matrix with a row for each contraction step: where it is, or a copy.
Matrix as_matrix(const TileAccess& a, int64_t steps_per_partition, routines::Slot slot) {
  const int64_t row = a.elements / steps_per_partition;
  if (a.dtype == DType::float32 && a.contiguous() && steps_per_partition == 1) {
    return {reinterpret_cast<const float*>(a.base),
            a.partition_stride / static_cast<int64_t>(sizeof(float))};
  }
  float* copy = routines::workspace(slot, a.partitions * a.elements);
  Source(a).copy(a.partitions * a.elements, copy);
  return {copy, row};
}

// The moving operand, a panel of columns at a time.
class Panels {
 public:
  Panels(const TileAccess& a, int64_t steps_per_partition)
      : narrow_(a.contiguous() && steps_per_partition == 1 && a.dtype != DType::float32),
        access_(a) {
    if (narrow_) {
      conversion_ = conversion(a.dtype, As::value);
      widened_ = routines::workspace(routines::Slot::moving, a.partitions * panel_columns);
    } else {
      matrix_ = as_matrix(a, steps_per_partition, routines::Slot::moving);
    }
    steps_ = a.partitions * steps_per_partition;
  }

  // Valid until the next call. Narrow types are widened here, so that the panel stays in the cache.
  Matrix columns(int64_t first, int64_t count) const {
    if (!narrow_) {
      const Matrix panel{matrix_.at + first, matrix_.stride};
      return masked_memory || count % lanes == 0 ? panel : padded(panel, count);
    }
    const int64_t offset = first * size_bytes(access_.dtype);
    for (int64_t k = 0; k < access_.partitions; ++k) {
      conversion_.read(access_.row(k) + offset, widened_ + k * panel_columns, count);
    }
    return {widened_, panel_columns};
  }

 private:
  // The panel with room for whole vectors.
  Matrix padded(Matrix panel, int64_t count) const {
    float* copy = routines::workspace(routines::Slot::panel, steps_ * panel_columns);
    for (int64_t k = 0; k < steps_; ++k) {
      std::memcpy(copy + k * panel_columns, panel.at + k * panel.stride,
                  static_cast<size_t>(count) * sizeof(float));
    }
    return {copy, panel_columns};
  }

  bool narrow_;
  TileAccess access_;
  int64_t steps_;
  Matrix matrix_{};
  Conversion conversion_;
  float* widened_ = nullptr;
};

}  // namespace

bool nc_matmul(const NcMatmul& t, TileMemory& memory) {
  if (t.is_transpose) return transpose_by_identity(t, memory);
  const TileAccess d = memory.access(t.dst), s = memory.access(t.stationary),
                   m = memory.access(t.moving);
  if (memory.fault()) return true;
  const bool from_zero = t.accumulate != Tristate::yes &&
                         memory.begin_accumulation(t.dst.view, t.accumulate == Tristate::no);

  const Matrix a = as_matrix(s, t.steps_per_partition(), routines::Slot::stationary);
  const Panels panels(m, t.steps_per_partition());
  const auto columns = [&](int64_t first, int64_t count) { return panels.columns(first, count); };
  add_product(d, a, columns, s.partitions * t.steps_per_partition(), from_zero);
  return true;
}

}  // namespace kiln::KILN_CPU_LEVEL
