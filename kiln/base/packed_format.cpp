#include "kiln/base/packed_format.h"

#include "kiln/base/check.h"
#include "kiln/base/number_format.h"

namespace kiln {

namespace {

// Bits of one element within its word.
int element_bits(DType packed) { return static_cast<int>(size_bytes(packed)) * 8 / 4; }

}  // namespace

DType element_of(DType packed) {
  switch (packed) {
    case DType::float8_e5m2_x4:
      return DType::float8_e5m2;
    case DType::float8_e4m3fn_x4:
      return DType::float8_e4m3fn;
    default:
      KILN_CHECK(packed == DType::float4_e2m1fn_x4);
      return DType::float4_e2m1fn;
  }
}

void unpack_to_float32(DType packed, const std::byte* from, float* to, size_t count) {
  const DType element = element_of(packed);
  const int bits = element_bits(packed);
  const Bits mask = (Bits{1} << bits) - 1;
  for (size_t i = 0; i < count; ++i, from += size_bytes(packed)) {
    const Bits word = load_bits(packed, from);
    for (int k = 0; k < 4; ++k) *to++ = to_float32(element, word >> (bits * k) & mask);
  }
}

void pack_from_float32(DType packed, const float* from, std::byte* to, size_t count) {
  const DType element = element_of(packed);
  const int bits = element_bits(packed);
  for (size_t i = 0; i < count; ++i, to += size_bytes(packed)) {
    Bits word = 0;
    for (int k = 0; k < 4; ++k) word |= from_float32(element, *from++) << (bits * k);
    store_bits(packed, to, word);
  }
}

}  // namespace kiln
