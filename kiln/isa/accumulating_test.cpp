// tensor_scalar_reduce, tensor_scalar_cumulative, exponential, select_reduce and activate2:
// reference meaning, the accumulators they share, and rules.
#include <cmath>
#include <limits>
#include <random>

#include "kiln/isa/activate2.h"
#include "kiln/isa/exponential.h"
#include "kiln/isa/select_reduce.h"
#include "kiln/isa/tensor_scalar_cumulative.h"
#include "kiln/isa/tensor_scalar_reduce.h"
#include "tests/tile_fixture.h"

// Last, because it has a CHECK of its own.
#include <doctest/doctest.h>

namespace kiln {

namespace {

using Ids = std::vector<std::string_view>;
using Floats = std::vector<float>;

constexpr float infinity = std::numeric_limits<float>::infinity();

// Two partitions of five numbers, a tile for results and columns of two.
struct Tiles5 {
  TileFixture f;
  ViewId in = f.sbuf(DType::float32, {2, 5}), out = f.sbuf(DType::float32, {2, 5});
  ViewId column = f.sbuf(DType::float32, {2, 1}), total = f.sbuf(DType::float32, {2, 1});

  Tiles5() {
    f.set(in, {1, 2, 3, 4, 5, -1, 0.5f, 7, -2, 0});
    f.set(column, {2, -3});
  }
  template <class T>
  void run(const T& instruction, Generation generation = Generation::gen4) {
    REQUIRE(f.problems(instruction, generation) == no_problems);
    instruction.execute(f.memory());
  }
  template <class T>
  Ids problems(const T& instruction) {
    return f.problems(instruction, Generation::gen4);
  }
};

}  // namespace

TEST_CASE("tensor_scalar_reduce reduces what it writes") {
  Tiles5 t;
  TensorScalarReduce i{.dst = t.out,
                       .data = t.in,
                       .op0 = AluOp::multiply,
                       .operand0 = t.column,
                       .reduce_op = AluOp::maximum,
                       .reduce_res = t.total};
  t.run(i, Generation::gen2);
  CHECK(t.f.get(t.out) == Floats{2, 4, 6, 8, 10, 3, -1.5f, -21, 6, -0.0f});
  CHECK(t.f.get(t.total) == Floats{10, 6});
  i.reduce_op = AluOp::minimum;
  t.run(i);
  CHECK(t.f.get(t.total) == Floats{2, -21});
  i.reduce_op = AluOp::add;
  i.reduce_res_negate = true;
  t.run(i);
  CHECK(t.f.get(t.total) == Floats{-30, 13.5f});
}

TEST_CASE("tensor_scalar_reduce takes unary operators, and adds in float32 whatever it writes") {
  Tiles5 t;
  const ViewId rounded = t.f.sbuf(DType::int8, {2, 5});
  t.run(TensorScalarReduce{.dst = rounded,
                           .data = t.in,
                           .op0 = AluOp::abs,
                           .operand0 = 0.0f,
                           .reduce_op = AluOp::add,
                           .reduce_res = t.total});
  CHECK(t.f.get(rounded) == Floats{1, 2, 3, 4, 5, 1, 0, 7, 2, 0});
  CHECK(t.f.get(t.total) == Floats{15, 10.5f});
}

TEST_CASE("the Vector engine's accumulators go on, start anew, or are loaded") {
  Tiles5 t;
  TensorScalarReduce i{.dst = t.out, .data = t.in, .op0 = AluOp::bypass, .reduce_op = AluOp::add};
  t.run(i);
  i.reduce_cmd = ReduceCmd::reduce;
  i.reduce_res = t.total;
  t.run(i);
  CHECK(t.f.get(t.total) == Floats{30, 9});
  i.reduce_res_negate = true;
  t.run(i);
  CHECK(t.f.get(t.total) == Floats{-45, -13.5f});
  // The registers were not negated; select_reduce goes on with them.
  const ViewId mask = t.f.sbuf(DType::uint8, {2, 5});
  t.f.set_bits(mask, std::vector<Bits>(10, 0));
  t.run(SelectReduce{.dst = t.out,
                     .predicate = mask,
                     .on_true = t.in,
                     .on_false = 1.0f,
                     .reduce_res = t.total,
                     .reduce_cmd = ReduceCmd::reduce});
  CHECK(t.f.get(t.total) == Floats{45, 13.5f});
  i.reduce_res_negate = false;
  i.reduce_cmd = ReduceCmd::load_reduce;
  i.reduce_init = t.column;
  t.run(i);
  CHECK(t.f.get(t.total) == Floats{17, 1.5f});
  i.reduce_init = 100.0f;
  t.run(i);
  CHECK(t.f.get(t.total) == Floats{115, 104.5f});
}

TEST_CASE("tensor_scalar_reduce refuses what is not documented") {
  Tiles5 t;
  const TensorScalarReduce good{
      .dst = t.out, .data = t.in, .op0 = AluOp::add, .operand0 = 1.0f, .reduce_op = AluOp::add};
  const auto with = [&](auto change) {
    TensorScalarReduce changed = good;
    change(changed);
    return t.problems(changed);
  };
  using I = TensorScalarReduce;
  CHECK(t.problems(good) == no_problems);
  CHECK(with([](I& i) { i.op0 = AluOp::bitwise_and; }) == Ids{"bad_operator"});
  CHECK(with([](I& i) { i.op0 = AluOp::none; }) == Ids{"bad_operator"});
  CHECK(with([](I& i) { i.op0 = AluOp::abs; }) == Ids{"bad_argument"});
  CHECK(with([](I& i) { i.operand0 = {}; }) == Ids{"missing_argument"});
  CHECK(with([&](I& i) { i.operand0 = t.f.sbuf(DType::float16, {2, 1}); }) ==
        Ids{"dtype_mismatch"});
  CHECK(with([](I& i) { i.reduce_op = AluOp::subtract; }) == Ids{"bad_operator"});
  CHECK(with([](I& i) { i.reverse0 = true; }) == Ids{"bad_argument"});
  CHECK(with([](I& i) { i.reduce_cmd = ReduceCmd::idle; }) == Ids{"bad_argument"});
  CHECK(with([](I& i) { i.reduce_cmd = ReduceCmd::load_reduce; }) == Ids{"missing_argument"});
  CHECK(with([](I& i) { i.reduce_init = 1.0f; }) == Ids{"bad_argument"});
  CHECK(with([&](I& i) { i.reduce_res = t.in; }) == Ids{"size_mismatch"});
}

TEST_CASE("tensor_scalar_cumulative combines each result with the one before") {
  Tiles5 t;
  TensorScalarCumulative i{
      .dst = t.out, .src = t.in, .op0 = AluOp::add, .op1 = AluOp::add, .imm0 = t.column};
  t.run(i, Generation::gen2);
  CHECK(t.f.get(t.out) == Floats{3, 7, 12, 18, 25, -4, -6.5f, -2.5f, -7.5f, -10.5f});
  i.imm0 = 0;
  i.op1 = AluOp::maximum;
  t.run(i);
  CHECK(t.f.get(t.out) == Floats{1, 2, 3, 4, 5, -1, 0.5f, 7, 7, 7});
  i.op1 = AluOp::minimum;
  t.run(i);
  CHECK(t.f.get(t.out) == Floats{1, 1, 1, 1, 1, -1, -1, -1, -2, -2});
  i.op1 = AluOp::multiply;
  t.run(i);
  CHECK(t.f.get(t.out) == Floats{1, 2, 6, 24, 120, -1, -0.5f, -3.5f, 7, 0});
  // The new result is the left operand.
  i.op1 = AluOp::subtract;
  t.run(i);
  CHECK(t.f.get(t.out) == Floats{1, 1, 2, 2, 3, -1, 1.5f, 5.5f, -7.5f, 7.5f});
}

TEST_CASE("tensor_scalar_cumulative starts with the accumulators, or loads them") {
  Tiles5 t;
  TensorScalarCumulative i{.dst = t.out,
                           .src = t.in,
                           .op0 = AluOp::multiply,
                           .op1 = AluOp::add,
                           .imm0 = 1.0f,
                           .imm1 = t.column,
                           .reduce_cmd = ReduceCmd::load_reduce};
  t.run(i);
  CHECK(t.f.get(t.out) == Floats{3, 5, 8, 12, 17, -4, -3.5f, 3.5f, 1.5f, 1.5f});
  i.reduce_cmd = ReduceCmd::reduce;
  t.run(i);
  CHECK(t.f.get(t.out) == Floats{18, 20, 23, 27, 32, 0.5f, 1, 8, 6, 6});
}

TEST_CASE("tensor_scalar_cumulative refuses 32-bit integers and other operators") {
  Tiles5 t;
  const TensorScalarCumulative good{
      .dst = t.out, .src = t.in, .op0 = AluOp::add, .op1 = AluOp::add, .imm0 = 0.0f};
  const auto with = [&](auto change) {
    TensorScalarCumulative changed = good;
    change(changed);
    return t.problems(changed);
  };
  using I = TensorScalarCumulative;
  CHECK(t.problems(good) == no_problems);
  CHECK(with([&](I& i) { i.src = t.f.sbuf(DType::int32, {2, 5}); }) == Ids{"dtype_mismatch"});
  CHECK(with([&](I& i) { i.dst = t.f.sbuf(DType::uint32, {2, 5}); }) == Ids{"dtype_mismatch"});
  CHECK(with([](I& i) { i.op1 = AluOp::divide; }) == Ids{"bad_operator"});
  CHECK(with([](I& i) { i.op0 = AluOp::left_shift; }) == Ids{"bad_operator"});
  CHECK(with([](I& i) { i.reduce_cmd = ReduceCmd::reset; }) == Ids{"bad_argument"});
  CHECK(with([](I& i) { i.reduce_cmd = ReduceCmd::load_reduce; }) == Ids{"missing_argument"});
  CHECK(with([&](I& i) { i.imm1 = t.f.sbuf(DType::float16, {2, 1}); }) == Ids{"dtype_mismatch"});
}

TEST_CASE("exponential subtracts, takes the exponential and adds up") {
  Tiles5 t;
  const ViewId out = t.f.psum(DType::bfloat16, {2, 5});
  t.run(Exponential{.dst = out,
                    .src = t.in,
                    .max_value = t.column,
                    .reduce_res = t.total,
                    .reduce_cmd = ReduceCmd::reset_reduce});
  const Floats x = t.f.get(t.in);
  for (size_t p = 0; p < 2; ++p) {
    float sum = 0;
    for (size_t k = 5 * p; k < 5 * p + 5; ++k) {
      const auto e = static_cast<float>(std::exp(double{x[k] - (p == 0 ? 2.0f : -3.0f)}));
      CHECK(t.f.bits(out)[k] == from_float32(DType::bfloat16, e));
      sum += e;
    }
    CHECK(t.f.get(t.total)[p] == sum);
  }
  const Floats first = t.f.get(t.total);
  t.run(Exponential{.dst = t.out,
                    .src = t.in,
                    .reduce_res = t.total,
                    .reduce_cmd = ReduceCmd::load_reduce,
                    .reduce_init = t.total});
  float sum = first[0];
  for (size_t k = 0; k < 5; ++k) sum += static_cast<float>(std::exp(double{x[k]}));
  CHECK(t.f.get(t.total)[0] == sum);
}

TEST_CASE("exponential refuses what is not documented") {
  Tiles5 t;
  const Exponential good{.dst = t.out, .src = t.in};
  const auto with = [&](auto change) {
    Exponential changed = good;
    change(changed);
    return t.problems(changed);
  };
  using I = Exponential;
  CHECK(t.problems(good) == no_problems);
  CHECK(with([&](I& i) { i.dst = t.f.sbuf(DType::uint32, {2, 5}); }) == Ids{"dtype_mismatch"});
  CHECK(with([&](I& i) { i.src = t.f.sbuf(DType::tfloat32, {2, 5}); }) == Ids{"dtype_mismatch"});
  CHECK(with([&](I& i) { i.src = t.f.sbuf(DType::float32, {2, 1, 1, 5, 1}); }) == Ids{"bad_shape"});
  CHECK(with([&](I& i) { i.max_value = t.f.sbuf(DType::float16, {2, 1}); }) ==
        Ids{"dtype_mismatch"});
  CHECK(with([](I& i) { i.reduce_cmd = ReduceCmd::reset; }) == Ids{"bad_argument"});
  CHECK(with([](I& i) { i.reduce_init = 2.0f; }) == Ids{"bad_argument"});
  CHECK(with([&](I& i) { i.reduce_res = t.f.sbuf(DType::int32, {2, 1}); }) ==
        Ids{"dtype_mismatch"});
}

TEST_CASE("select_reduce chooses by the predicate") {
  Tiles5 t;
  const ViewId mask = t.f.psum(DType::int16, {2, 5});
  t.f.set_bits(mask, {1, 0, 2, 0, 0xffff, 0, 0, 1, 1, 1});
  SelectReduce i{.dst = t.out, .predicate = mask, .on_true = t.in, .on_false = t.column};
  t.run(i, Generation::gen2);
  CHECK(t.f.get(t.out) == Floats{1, 2, 3, 2, 5, -3, -3, 7, -2, 0});
  i.reverse_pred = true;
  i.on_false = -infinity;
  i.reduce_res = t.total;
  i.reduce_cmd = ReduceCmd::reset_reduce;
  t.run(i);
  CHECK(t.f.get(t.out) ==
        Floats{-infinity, 2, -infinity, 4, -infinity, -1, 0.5f, -infinity, -infinity, -infinity});
  CHECK(t.f.get(t.total) == Floats{4, 0.5f});
}

TEST_CASE("select_reduce refuses what is not documented") {
  Tiles5 t;
  const ViewId mask = t.f.sbuf(DType::uint8, {2, 5});
  const SelectReduce good{.dst = t.out, .predicate = mask, .on_true = t.in, .on_false = 0.0f};
  const auto with = [&](auto change) {
    SelectReduce changed = good;
    change(changed);
    return t.problems(changed);
  };
  using I = SelectReduce;
  CHECK(t.problems(good) == no_problems);
  CHECK(with([&](I& i) { i.predicate = t.in; }) == Ids{"dtype_mismatch"});
  CHECK(with([&](I& i) { i.on_true = t.f.sbuf(DType::int32, {2, 5}); }) == Ids{"dtype_mismatch"});
  CHECK(with([&](I& i) {
          i.predicate = t.f.psum(DType::uint8, {2, 5});
          i.on_true = t.f.psum(DType::float32, {2, 5});
        }) == Ids{"wrong_memory"});
  CHECK(with([&](I& i) { i.predicate = t.f.sbuf(DType::uint8, {2, 4}); }) == Ids{"size_mismatch"});
  CHECK(with([](I& i) { i.on_false = {}; }) == Ids{"missing_argument"});
  CHECK(with([](I& i) { i.reduce_op = AluOp::add; }) == Ids{"bad_operator"});
  CHECK(with([](I& i) { i.reduce_cmd = ReduceCmd::load_reduce; }) == Ids{"bad_argument"});
  CHECK(with([&](I& i) { i.reduce_res = t.f.sbuf(DType::int8, {2, 1}); }) == Ids{"dtype_mismatch"});
}

TEST_CASE("activate2 multiplies and adds in one step") {
  Tiles5 t;
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> distribution(-2, 2);
  t.f.fill(t.in, [&](int64_t) { return distribution(random); });
  t.f.fill(t.column, [&](int64_t) { return distribution(random); });
  const float shift = distribution(random);
  const Floats x = t.f.get(t.in), s = t.f.get(t.column);
  const auto check = [&](AluOp op1, bool reverse0, bool reverse1, auto expected) {
    t.run(Activate2{.dst = t.out,
                    .op = ActivationOp::copy,
                    .data = t.in,
                    .imm0 = t.column,
                    .imm1 = shift,
                    .op0 = AluOp::multiply,
                    .op1 = op1,
                    .reverse0 = reverse0,
                    .reverse1 = reverse1});
    for (size_t k = 0; k < 10; ++k) {
      const double product = double{x[k]} * double{s[k / 5]};
      CHECK(t.f.get(t.out)[k] == doctest::Approx(expected(product)).epsilon(1e-6));
    }
  };
  check(AluOp::add, false, false, [&](double y) { return y + double{shift}; });
  check(AluOp::subtract, true, false, [&](double y) { return y - double{shift}; });
  check(AluOp::subtract, false, true, [&](double y) { return double{shift} - y; });
  check(AluOp::bypass, false, false, [&](double y) { return y; });
  // 1 + 2^-24 vanishes if the product is rounded by itself.
  t.f.fill(t.in, [](int64_t) { return 1 + 0x1p-12f; });
  t.f.fill(t.column, [](int64_t) { return 1 + 0x1p-12f; });
  t.run(Activate2{.dst = t.out,
                  .op = ActivationOp::copy,
                  .data = t.in,
                  .imm0 = t.column,
                  .imm1 = -1 - 0x1p-11f,
                  .op0 = AluOp::multiply,
                  .op1 = AluOp::add});
  CHECK(t.f.get(t.out)[0] == 0x1p-24f);
}

TEST_CASE("activate2 adds, subtracts, takes a slope and reduces by magnitude") {
  Tiles5 t;
  Activate2 i{.dst = t.out,
              .op = ActivationOp::prelu,
              .data = t.in,
              .imm0 = 4.0f,
              .imm1 = 0.0f,
              .op0 = AluOp::subtract,
              .op1 = AluOp::bypass,
              .relu_param = t.column,
              .reduce_op = AluOp::abs_max,
              .reduce_res = t.total,
              .reduce_cmd = ReduceCmd::reset_reduce};
  t.run(i);
  CHECK(t.f.get(t.out) == Floats{-6, -4, -2, 0, 1, 15, 10.5f, 3, 18, 12});
  CHECK(t.f.get(t.total) == Floats{-6, 18});
  i.reverse0 = true;
  i.reduce_op = AluOp::abs_min;
  t.run(i);
  CHECK(t.f.get(t.out) == Floats{3, 2, 1, 0, -2, 5, 3.5f, 9, 6, 4});
  CHECK(t.f.get(t.total) == Floats{0, 3.5f});
  i.op = ActivationOp::copy;
  i.op0 = AluOp::bypass;
  i.reverse0 = false;
  i.reduce_op = AluOp::minimum;
  t.run(i);
  CHECK(t.f.get(t.out) == t.f.get(t.in));
  CHECK(t.f.get(t.total) == Floats{1, -2});
}

TEST_CASE("activate2 refuses other stages") {
  Tiles5 t;
  const Activate2 good{.dst = t.out,
                       .op = ActivationOp::exp,
                       .data = t.in,
                       .imm0 = 1.0f,
                       .imm1 = 1.0f,
                       .op0 = AluOp::multiply,
                       .op1 = AluOp::add};
  const auto with = [&](auto change) {
    Activate2 changed = good;
    change(changed);
    return t.problems(changed);
  };
  using I = Activate2;
  CHECK(t.problems(good) == no_problems);
  CHECK(with([](I& i) { i.op = ActivationOp::none; }) == Ids{"bad_operator"});
  CHECK(with([](I& i) { i.op0 = AluOp::add; }) == Ids{"bad_operator"});
  CHECK(with([](I& i) { i.op0 = AluOp::bypass; }) == Ids{"bad_operator"});
  CHECK(with([](I& i) { i.op1 = AluOp::multiply; }) == Ids{"bad_operator"});
  CHECK(with([](I& i) { i.op1 = AluOp::bypass, i.reverse1 = true; }) == Ids{"bad_argument"});
  CHECK(with([](I& i) { i.imm1 = {}; }) == Ids{"missing_argument"});
  CHECK(with([&](I& i) {
          i.imm0 = t.column;
          i.imm1 = t.f.sbuf(DType::bfloat16, {2, 1});
        }) == Ids{"dtype_mismatch"});
  CHECK(with([](I& i) { i.reduce_cmd = ReduceCmd::reduce; }) == Ids{"bad_operator"});
  CHECK(with([](I& i) { i.reduce_op = AluOp::multiply; }) == Ids{"bad_operator"});
}

}  // namespace kiln
