#include "kiln/base/packed_format.h"

#include <doctest/doctest.h>

#include <array>
#include <bit>

#include "kiln/base/number_format.h"

using namespace kiln;

TEST_CASE("four elements lie side by side, the first in the lowest bits") {
  const std::array<float, 4> values{0.5f, 1.0f, -6.0f, 0.0f};
  std::array<std::byte, 4> word{};
  pack_from_float32(DType::float4_e2m1fn_x4, values.data(), word.data(), 1);
  CHECK(load_bits(DType::float4_e2m1fn_x4, word.data()) == 0x0F21);
  pack_from_float32(DType::float8_e5m2_x4, values.data(), word.data(), 1);
  CHECK(load_bits(DType::float8_e5m2_x4, word.data()) == 0x00C63C38);
}

TEST_CASE("what was packed is unpacked") {
  for (DType packed : {DType::float4_e2m1fn_x4, DType::float8_e4m3fn_x4, DType::float8_e5m2_x4}) {
    CAPTURE(name_of(packed));
    const std::array<float, 8> values{0.5f, -1.0f, 4.0f, -0.0f, 1.5f, 2.0f, -3.0f, 6.0f};
    std::array<std::byte, 8> words{};
    std::array<float, 8> back{};
    pack_from_float32(packed, values.data(), words.data(), 2);
    unpack_to_float32(packed, words.data(), back.data(), 2);
    using Words = std::array<uint32_t, 8>;
    CHECK(std::bit_cast<Words>(values) == std::bit_cast<Words>(back));
  }
}
