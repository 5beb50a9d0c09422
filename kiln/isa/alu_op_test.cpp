#include "kiln/isa/alu_op.h"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace kiln {
namespace {

constexpr float nan = std::numeric_limits<float>::quiet_NaN();
constexpr float inf = std::numeric_limits<float>::infinity();

std::vector<AluOp> all_ops() {
  std::vector<AluOp> ops;
  for (size_t i = 0; i < EnumNames<AluOp>::names.size(); ++i) ops.push_back(static_cast<AluOp>(i));
  return ops;
}

TEST_CASE("every operator has its meaning on float32") {
  struct Case {
    AluOp op;
    float a, b, expected;
  };
  using enum AluOp;
  for (const Case& c : {
           Case{none, 3, 4, 3},      {bypass, 3, 4, 3},         {add, 3, 4, 7},
           {subtract, 3, 4, -1},     {multiply, 3, -4, -12},    {divide, 3, 4, 0.75f},
           {divide, 1, 0, inf},      {maximum, 3, 4, 4},        {maximum, 4, 3, 4},
           {minimum, 3, 4, 3},       {minimum, 4, -inf, -inf},  {equal, 3, 3, 1},
           {equal, 3, 4, 0},         {equal, nan, nan, 0},      {not_equal, 3, 4, 1},
           {not_equal, nan, nan, 1}, {greater_equal, 3, 3, 1},  {greater_equal, 2, 3, 0},
           {greater, 3, 3, 0},       {greater, 4, 3, 1},        {less_equal, 3, 3, 1},
           {less_equal, 4, 3, 0},    {less, 3, 3, 0},           {less, 2, 3, 1},
           {less, nan, 3, 0},        {logical_and, 2, -1, 1},   {logical_and, 2, 0, 0},
           {logical_or, 0, 5, 1},    {logical_or, 0, -0.0f, 0}, {logical_xor, 2, 5, 0},
           {logical_xor, 0, 5, 1},   {power, 2, 10, 1024},      {power, 2, -1, 0.5f},
           {power, 9, 0.5f, 3},      {abs_max, -5, 3, -5},      {abs_max, 3, -5, -5},
           {abs_max, -3, 3, 3},      {abs_min, -5, 3, 3},       {abs_min, -3, 3, 3},
           {abs, -2.5f, 9, 2.5f},    {square, -3, 9, 9},        {relu, -3, 9, 0},
           {relu, 3, 9, 3},          {rsqrt, 16, 9, 0.25f},     {reciprocal, -8, 9, -0.125f},
           {reciprocal, 0, 9, inf},
       }) {
    CAPTURE(name_of(c.op));
    CAPTURE(c.a);
    CAPTURE(c.b);
    CHECK(apply(c.op, c.a, c.b) == c.expected);
  }
}

TEST_CASE("operators propagate NaN") {
  using enum AluOp;
  for (AluOp op : {add, subtract, multiply, divide, power, abs, square, relu, rsqrt, reciprocal}) {
    CAPTURE(name_of(op));
    CHECK(std::isnan(apply(op, nan, 2)));
  }
  for (AluOp op : {maximum, minimum, abs_max, abs_min}) {
    CAPTURE(name_of(op));
    CHECK(std::isnan(apply(op, nan, 2)));
    CHECK(std::isnan(apply(op, 2, nan)));
    CHECK(std::isnan(apply(op, nan, nan)));
  }
}

TEST_CASE("reverse swaps the operands of an operator that has two") {
  CHECK(apply(AluOp::subtract, true, 3, 10) == 7);
  CHECK(apply(AluOp::subtract, false, 3, 10) == -7);
  CHECK(apply(AluOp::square, true, 3, 10) == 9);
  CHECK(apply(AluOp::bypass, true, 3, 10) == 3);
}

TEST_CASE("bitvec operators work on all 32 bits") {
  struct Case {
    AluOp op;
    uint32_t a, b, expected;
  };
  using enum AluOp;
  for (const Case& c : {
           Case{invert, 0x0000FFFFu, 7, 0xFFFF0000u},
           {bitwise_and, 0xF0F0F0F0u, 0x00FFFF00u, 0x00F0F000u},
           {bitwise_or, 0xF0F0F0F0u, 0x00FFFF00u, 0xF0FFFFF0u},
           {bitwise_xor, 0xF0F0F0F0u, 0x00FFFF00u, 0xF00F0FF0u},
           {left_shift, 0x80000001u, 1, 2},
           {left_shift, 1, 31, 0x80000000u},
           {left_shift, 1, 32, 0},
           {right_shift, 0x80000000u, 31, 1},
           {right_shift, 0x80000000u, 32, 0},
           {right_shift, 0x80000000u, 0xFFFFFFFFu, 0},
       }) {
    CAPTURE(name_of(c.op));
    CHECK(apply_bits(c.op, c.a, c.b) == c.expected);
  }
}

// The exact value an operator gives on 64-bit integers that hold the operands.
int64_t exact(AluOp op, int64_t a, int64_t b) {
  switch (op) {
    using enum AluOp;
    case add:
      return a + b;
    case subtract:
      return a - b;
    case divide:
      return b == 0 ? 0 : a / b;
    case maximum:
      return std::max(a, b);
    case minimum:
      return std::min(a, b);
    case less:
      return a < b;
    case greater_equal:
      return a >= b;
    case abs_max:
      return std::abs(a) > std::abs(b) ? a : b;
    case abs:
      return std::abs(a);
    default:
      return 0;
  }
}

TEST_CASE("integer operators agree with 64-bit arithmetic, modulo 2^32") {
  const unsigned seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  const std::vector<uint32_t> edges{0, 1, 2, 0x7FFFFFFFu, 0x80000000u, 0xFFFFFFFFu};
  for (int n = 0; n < 2000; ++n) {
    const auto draw = [&] { return random() % 3 == 0 ? edges[random() % edges.size()] : random(); };
    const auto a = static_cast<uint32_t>(draw()), b = static_cast<uint32_t>(draw());
    CAPTURE(a);
    CAPTURE(b);
    using enum AluOp;
    for (AluOp op : {add, subtract, divide, maximum, minimum, less, greater_equal, abs_max, abs}) {
      CAPTURE(name_of(op));
      const auto sa = static_cast<int32_t>(a), sb = static_cast<int32_t>(b);
      REQUIRE(apply_integer(op, a, b, false) == static_cast<uint32_t>(exact(op, a, b)));
      REQUIRE(apply_integer(op, a, b, true) == static_cast<uint32_t>(exact(op, sa, sb)));
    }
    REQUIRE(apply_integer(multiply, a, b, true) ==
            static_cast<uint32_t>(static_cast<uint64_t>(a) * b));
  }
  CHECK(apply_integer(AluOp::add, 16777217, 16777217, true) == 33554434);
  CHECK(apply_integer(AluOp::logical_xor, 5, 0, false) == 1);
  CHECK(apply_integer(AluOp::relu, static_cast<uint32_t>(-5), 0, true) == 0);
}

TEST_CASE("the identity of a reduction leaves the first element as it is") {
  for (AluOp op : all_ops()) {
    if (!info(op).reduces || info(op).bitvec || op == AluOp::subtract) continue;
    CAPTURE(name_of(op));
    const bool logical =
        op == AluOp::logical_and || op == AluOp::logical_or || op == AluOp::logical_xor;
    for (float x : {0.0f, 1.0f, -2.5f, inf, -inf}) {
      CAPTURE(x);
      CHECK(apply(op, reduction_identity(op), x) == (logical ? (x != 0 ? 1.0f : 0.0f) : x));
    }
  }
}

TEST_CASE("the ALU table tells bitvec, unary and reduction operators") {
  using enum AluOp;
  int bitvec = 0, unary = 0, reduces = 0, later = 0;
  for (AluOp op : all_ops()) {
    bitvec += info(op).bitvec;
    unary += info(op).unary;
    reduces += info(op).reduces;
    later += info(op).since != Generation::gen2;
  }
  CHECK(bitvec == 6);
  CHECK(unary == 6);
  CHECK(reduces == 11);
  CHECK(later == 4);
  CHECK(info(invert).bitvec);
  CHECK(info(invert).unary);
  CHECK(info(rsqrt).unary);
  CHECK(info(logical_xor).reduces);
  CHECK_FALSE(info(abs_max).reduces);
  CHECK_FALSE(info(divide).reduces);
  CHECK(takes_two_operands(add));
  CHECK_FALSE(takes_two_operands(abs));
  CHECK_FALSE(takes_two_operands(bypass));
  CHECK(is_identity(none));
}

TEST_CASE("operators have NKI's names") {
  CHECK(name_of(AluOp::bitwise_and) == "bitwise_and");
  CHECK(name_of(AluOp::reciprocal) == "reciprocal");
  CHECK(from_name<AluOp>("logical_xor") == AluOp::logical_xor);
}

}  // namespace
}  // namespace kiln
