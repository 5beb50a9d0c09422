#include "kiln/executor/routines/stream/small_floats.h"

#include <array>
#include <bit>

#include "kiln/base/number_format.h"

namespace kiln::routines {

namespace {

struct Tables {
  std::array<float, 256> values;
  std::array<uint8_t, size_t{1} << small_float_key_bits> bytes;

  explicit Tables(DType dtype) {
    for (size_t i = 0; i < values.size(); ++i) values[i] = to_float32(dtype, static_cast<Bits>(i));
    for (size_t key = 0; key < bytes.size(); ++key) {
      // The second lowest bit stands for all that the key's last bit says is set.
      const auto high = static_cast<uint32_t>(key >> 1) << (33 - small_float_key_bits);
      const uint32_t low = (key & 1) != 0 ? 2 : 0;
      bytes[key] = static_cast<uint8_t>(from_float32(dtype, std::bit_cast<float>(high | low)));
    }
  }
};

const Tables& tables(DType dtype) {
  static const Tables e4m3(DType::float8_e4m3), e4m3fn(DType::float8_e4m3fn),
      e5m2(DType::float8_e5m2), e8m0fnu(DType::float8_e8m0fnu), e2m1fn(DType::float4_e2m1fn);
  switch (dtype) {
    case DType::float8_e4m3:
      return e4m3;
    case DType::float8_e4m3fn:
      return e4m3fn;
    case DType::float8_e5m2:
      return e5m2;
    case DType::float8_e8m0fnu:
      return e8m0fnu;
    default:
      return e2m1fn;
  }
}

}  // namespace

const float* small_float_values(DType dtype) { return tables(dtype).values.data(); }

const uint8_t* small_float_bytes(DType dtype) { return tables(dtype).bytes.data(); }

}  // namespace kiln::routines
