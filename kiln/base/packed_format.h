// The x4 packed types: four elements side by side in one word, the first in the lowest bits.
#pragma once

#include <cstddef>

#include "kiln/base/dtype.h"

namespace kiln {

// The type of the four elements of a packed type.
DType element_of(DType packed);

// Reads `count` words and writes 4 * count float32, exactly.
void unpack_to_float32(DType packed, const std::byte* from, float* to, size_t count);

// Reads 4 * count float32 and writes `count` words; each element rounds as its type does.
void pack_from_float32(DType packed, const float* from, std::byte* to, size_t count);

}  // namespace kiln
