// Round trips over every bit pattern, values worked out by hand, and the rounding of every
// midpoint.
#include "kiln/base/number_format.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

namespace kiln {

namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float quiet_nan = std::numeric_limits<float>::quiet_NaN();

// The types of at most 16 bits whose encodings are all values.
constexpr std::array narrow_types{DType::int8,           DType::int16,         DType::uint8,
                                  DType::uint16,         DType::float16,       DType::bfloat16,
                                  DType::float8_e4m3,    DType::float8_e4m3fn, DType::float8_e5m2,
                                  DType::float8_e8m0fnu, DType::float4_e2m1fn};

Bits pattern_count(DType dtype) {
  return dtype == DType::float4_e2m1fn ? 16 : Bits{1} << (8 * size_bytes(dtype));
}

// The finite values without negative zero, in ascending order.
std::vector<float> finite_values(DType dtype) {
  std::vector<float> values;
  for (Bits bits = 0; bits < pattern_count(dtype); ++bits) {
    const float value = to_float32(dtype, bits);
    if (std::isfinite(value)) values.push_back(value);
  }
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  return values;
}

struct Example {
  float value;
  Bits bits;
};

void check_narrow(DType dtype, std::initializer_list<Example> examples) {
  CAPTURE(name_of(dtype));
  for (const Example& example : examples) {
    CAPTURE(example.value);
    CHECK(from_float32(dtype, example.value) == example.bits);
  }
}

void check_widen(DType dtype, std::initializer_list<Example> examples) {
  CAPTURE(name_of(dtype));
  for (const Example& example : examples) {
    CAPTURE(example.bits);
    CHECK(to_float32(dtype, example.bits) == example.value);
  }
}

}  // namespace

TEST_CASE("every bit pattern of 16 bits or fewer survives the way through float32") {
  for (DType dtype : narrow_types) {
    CAPTURE(name_of(dtype));
    for (Bits bits = 0; bits < pattern_count(dtype); ++bits) {
      CAPTURE(bits);
      const float value = to_float32(dtype, bits);
      const Bits back = from_float32(dtype, value);
      CHECK((std::isnan(value) ? std::isnan(to_float32(dtype, back)) : back == bits));
    }
  }
}

TEST_CASE("midpoints round to even, what lies beside them to the nearer value") {
  for (DType dtype : narrow_types) {
    if (dtype == DType::float8_e8m0fnu) continue;  // ties up, see below
    CAPTURE(name_of(dtype));
    const std::vector<float> values = finite_values(dtype);
    for (size_t i = 0; i + 1 < values.size(); ++i) {
      const float low = values[i], high = values[i + 1];
      const float middle = low / 2 + high / 2;
      const Bits even =
          from_float32(dtype, low) % 2 == 0 ? from_float32(dtype, low) : from_float32(dtype, high);
      CAPTURE(middle);
      // Between the smallest values and zero, zero takes the sign of what it came from.
      CHECK(to_float32(dtype, from_float32(dtype, middle)) == to_float32(dtype, even));
      CHECK(to_float32(dtype, from_float32(dtype, std::nextafter(middle, low))) == low);
      CHECK(to_float32(dtype, from_float32(dtype, std::nextafter(middle, high))) == high);
    }
  }
}

TEST_CASE("the array loops agree with the scalar functions") {
  const uint32_t seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  constexpr size_t n = 1000;
  for (size_t type = 0; type <= static_cast<size_t>(DType::float4_e2m1fn); ++type) {
    const auto dtype = static_cast<DType>(type);
    CAPTURE(name_of(dtype));
    std::vector<float> values(n), widened(n);
    for (float& value : values) value = std::bit_cast<float>(static_cast<uint32_t>(random()));
    const auto bytes = static_cast<size_t>(size_bytes(dtype));
    std::vector<std::byte> stored(n * bytes);
    convert_from_float32(dtype, values.data(), stored.data(), n);
    convert_to_float32(dtype, stored.data(), widened.data(), n);
    for (size_t i = 0; i < n; ++i) {
      const std::byte* address = stored.data() + i * bytes;
      CHECK(load_bits(dtype, address) == from_float32(dtype, values[i]));
      CHECK(std::bit_cast<uint32_t>(widened[i]) ==
            std::bit_cast<uint32_t>(load_float32(dtype, address)));
    }
  }
}

TEST_CASE("float16") {
  check_narrow(DType::float16, {{1.0f, 0x3C00},
                                {-2.0f, 0xC000},
                                {65504.0f, 0x7BFF},
                                {65519.0f, 0x7BFF},
                                {65520.0f, 0x7C00},
                                {-infinity, 0xFC00},
                                {0x1p-14f, 0x0400},
                                {0x1p-24f, 0x0001},
                                {0x1p-25f, 0x0000},
                                {0x1.000002p-25f, 0x0001},
                                {-0x1p-26f, 0x8000},
                                {0x1.FFEp-15f, 0x0400}});
  CHECK(from_float32(DType::float16, quiet_nan) == 0x7E00);
  CHECK(from_float32(DType::float16, std::bit_cast<float>(0xFF800001)) == 0xFE00);
  // A signalling NaN becomes quiet and keeps its payload.
  CHECK(std::bit_cast<uint32_t>(to_float32(DType::float16, 0x7D55)) == 0x7FEAA000);
  CHECK(from_float32(DType::float16, std::bit_cast<float>(0x7F8AA000)) == 0x7E55);
  check_widen(DType::float16, {{infinity, 0x7C00}, {0x1p-24f, 0x0001}, {-65504.0f, 0xFBFF}});
}

TEST_CASE("bfloat16") {
  check_narrow(DType::bfloat16, {{1.0f, 0x3F80},
                                 {0x1.01p0f, 0x3F80},
                                 {0x1.03p0f, 0x3F82},
                                 {0x1.FEp127f, 0x7F7F},
                                 {0x1.FEFFFEp127f, 0x7F7F},
                                 {0x1.FFp127f, 0x7F80},
                                 {0x1p-133f, 0x0001},
                                 {0x1p-134f, 0x0000},
                                 {0x1.8p-133f, 0x0002},
                                 {-infinity, 0xFF80}});
  CHECK(from_float32(DType::bfloat16, std::bit_cast<float>(0x7F800001)) == 0x7FC0);
  CHECK(from_float32(DType::bfloat16, -quiet_nan) == 0xFFC0);
}

TEST_CASE("float8_e4m3 has infinity above 240") {
  check_narrow(DType::float8_e4m3, {{240.0f, 0x77},
                                    {247.9f, 0x77},
                                    {248.0f, 0x78},
                                    {-infinity, 0xF8},
                                    {0x1p-9f, 0x01},
                                    {0x1p-10f, 0x00},
                                    {-0x1.8p-9f, 0x82},
                                    {0x1p-6f, 0x08}});
  CHECK(from_float32(DType::float8_e4m3, quiet_nan) == 0x7C);
  CHECK(std::isnan(to_float32(DType::float8_e4m3, 0x79)));
  check_widen(DType::float8_e4m3, {{infinity, 0x78}, {240.0f, 0x77}, {-0x1p-9f, 0x81}});
}

TEST_CASE("float8_e4m3fn has NaN above 448") {
  check_narrow(DType::float8_e4m3fn, {{448.0f, 0x7E},
                                      {464.0f, 0x7E},
                                      {464.1f, 0x7F},
                                      {infinity, 0x7F},
                                      {-infinity, 0xFF},
                                      {-quiet_nan, 0xFF},
                                      {240.0f, 0x77},
                                      {256.0f, 0x78}});
  CHECK(std::isnan(to_float32(DType::float8_e4m3fn, 0xFF)));
  check_widen(DType::float8_e4m3fn, {{448.0f, 0x7E}, {-448.0f, 0xFE}, {0x1p-9f, 0x01}});
}

TEST_CASE("float8_e5m2") {
  check_narrow(DType::float8_e5m2, {{57344.0f, 0x7B},
                                    {61439.0f, 0x7B},
                                    {61440.0f, 0x7C},
                                    {0x1p-16f, 0x01},
                                    {0x1p-17f, 0x00},
                                    {quiet_nan, 0x7E}});
  check_widen(DType::float8_e5m2, {{infinity, 0x7C}, {0x1p-14f, 0x04}, {-57344.0f, 0xFB}});
}

TEST_CASE("float8_e8m0fnu holds powers of two; ties go up, zero and negatives are NaN") {
  check_narrow(DType::float8_e8m0fnu, {{1.0f, 0x7F},
                                       {0x1.7FFFFEp0f, 0x7F},
                                       {1.5f, 0x80},
                                       {3.0f, 0x81},
                                       {0x1p127f, 0xFE},
                                       {0x1.8p127f, 0xFF},
                                       {0x1p-126f, 0x01},
                                       {0x1p-127f, 0x00},
                                       {0x1.000004p-127f, 0x01},
                                       {0x1p-149f, 0x00},
                                       {0.0f, 0xFF},
                                       {-1.0f, 0xFF},
                                       {infinity, 0xFF},
                                       {quiet_nan, 0xFF}});
  CHECK(std::isnan(to_float32(DType::float8_e8m0fnu, 0xFF)));
  check_widen(DType::float8_e8m0fnu, {{0x1p-127f, 0x00}, {1.0f, 0x7F}, {0x1p127f, 0xFE}});
}

TEST_CASE("float4_e2m1fn saturates at 6 and turns NaN into a zero") {
  check_narrow(DType::float4_e2m1fn, {{0.25f, 0x0},
                                      {0.26f, 0x1},
                                      {0.75f, 0x2},
                                      {1.75f, 0x4},
                                      {2.5f, 0x4},
                                      {3.5f, 0x6},
                                      {5.0f, 0x6},
                                      {5.1f, 0x7},
                                      {infinity, 0x7},
                                      {-1e9f, 0xF},
                                      {-0.0f, 0x8},
                                      {quiet_nan, 0x8},
                                      {-quiet_nan, 0x0}});
  check_widen(DType::float4_e2m1fn, {{0.5f, 0x1}, {1.5f, 0x3}, {6.0f, 0x7}, {-3.0f, 0xD}});
}

TEST_CASE("tfloat32 keeps 10 mantissa bits") {
  CHECK(round_to_tfloat32(1.0f) == 1.0f);
  CHECK(round_to_tfloat32(0x1.002p0f) == 1.0f);
  CHECK(round_to_tfloat32(0x1.002002p0f) == 0x1.004p0f);
  CHECK(round_to_tfloat32(0x1.006p0f) == 0x1.008p0f);
  CHECK(round_to_tfloat32(0x1.FFFFFEp127f) == infinity);
  CHECK(round_to_tfloat32(-infinity) == -infinity);
  CHECK(std::isnan(round_to_tfloat32(std::bit_cast<float>(0x7F800001))));
  CHECK(to_float32(DType::tfloat32, 0x3F801FFF) == 1.0f);
  CHECK(std::isnan(to_float32(DType::tfloat32, 0x7F800001)));
}

TEST_CASE("integers round to nearest even and saturate, NaN becomes 0") {
  check_narrow(DType::int8, {{0.5f, 0x00},
                             {1.5f, 0x02},
                             {-0.5f, 0x00},
                             {-1.5f, 0xFE},
                             {-2.51f, 0xFD},
                             {127.4f, 0x7F},
                             {127.5f, 0x7F},
                             {-infinity, 0x80},
                             {quiet_nan, 0x00}});
  check_narrow(DType::uint8, {{-3.0f, 0x00}, {254.5f, 0xFE}, {256.0f, 0xFF}, {infinity, 0xFF}});
  check_narrow(DType::int16, {{-32768.6f, 0x8000}, {32767.5f, 0x7FFF}, {-2.5f, 0xFFFE}});
  check_narrow(DType::uint16, {{65534.5f, 0xFFFE}, {65535.5f, 0xFFFF}, {-1.0f, 0x0000}});
  check_narrow(DType::int32, {{2147483648.0f, 0x7FFFFFFF},
                              {-2147483648.0f, 0x80000000},
                              {8388607.5f, 0x00800000},
                              {-1.0f, 0xFFFFFFFF},
                              {quiet_nan, 0x00000000}});
  check_narrow(DType::uint32, {{4294967296.0f, 0xFFFFFFFF}, {3e9f, 0xB2D05E00}, {-5.0f, 0}});
  check_widen(DType::int32,
              {{16777216.0f, 16777217}, {16777220.0f, 16777219}, {-1.0f, 0xFFFFFFFF}});
  check_widen(DType::uint32, {{4294967296.0f, 0xFFFFFFFF}, {16777216.0f, 16777217}});
}

TEST_CASE("bool is true for everything but zero") {
  check_narrow(DType::bool_, {{0.0f, 0}, {-0.0f, 0}, {0x1p-149f, 1}, {-2.0f, 1}, {quiet_nan, 1}});
  check_widen(DType::bool_, {{0.0f, 0}, {1.0f, 1}});
}

}  // namespace kiln
