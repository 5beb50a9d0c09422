// How execute() reads InOrScalar operands: a constant as a stored element, and an operand with one
// value for each partition.
#pragma once

#include "kiln/base/number_format.h"
#include "kiln/isa/operand.h"
#include "kiln/isa/tile_memory.h"

namespace kiln {

// The constant as an element of `dtype`. An integer keeps its 32 bits in a 32-bit integer type; all
// else converts by value. The only constant of a packed type is 0.
inline Bits constant_bits(DType dtype, const InOrScalar& constant) {
  if (is_packed(dtype)) return 0;
  if (constant.is_int() && is_integer(dtype) && size_bytes(dtype) == 4) return constant.bits;
  return from_float32(dtype, constant.scalar());
}

// A constant, or a [partitions, 1] tile; 0 if not given.
class PartitionValue {
 public:
  PartitionValue(TileMemory& memory, const InOrScalar& operand) : constant_(operand) {
    if (operand.is_tile()) column_ = memory.access(operand);
  }

  float get(int64_t p) const {
    return constant_.is_tile() ? column_.get(p, 0) : constant_.scalar();
  }
  // The bit pattern that bitvec operators work on. A float constant stands for its integer value.
  Bits bits(int64_t p) const {
    if (constant_.is_tile()) return column_.bits(p, 0);
    if (constant_.is_int()) return constant_.bits;
    const float value = constant_.scalar();
    return from_float32(value < 0 ? DType::int32 : DType::uint32, value);
  }

 private:
  InOrScalar constant_;
  TileAccess column_;
};

}  // namespace kiln
