// activation and activation_reduce: reference meaning and rules.
#include <cmath>
#include <limits>

#include "kiln/isa/activation.h"
#include "kiln/isa/activation_reduce.h"
#include "tests/tile_fixture.h"

// Last, because it has a CHECK of its own.
#include <doctest/doctest.h>

namespace kiln {

namespace {

using Ids = std::vector<std::string_view>;

// [2, 3] input and output, and a column for the reduction.
struct Tiny {
  TileFixture f;
  ViewId data, dst, total;

  explicit Tiny(DType dtype = DType::float32)
      : data(f.sbuf(dtype, {2, 3})),
        dst(f.sbuf(dtype, {2, 3})),
        total(f.sbuf(DType::float32, {2, 1})) {
    f.set(data, {1, 2, 3, -4, 5, 6});
  }
  Activation copying(ReduceCmd cmd) const {
    return {.dst = dst,
            .op = ActivationOp::copy,
            .data = data,
            .reduce_op = AluOp::add,
            .reduce_res = total,
            .reduce_cmd = cmd};
  }
  std::vector<float> totals_after(const Activation& activation) {
    CHECK(f.problems(activation) == no_problems);
    activation.execute(f.memory());
    return f.get(total);
  }
};

}  // namespace

TEST_CASE("activation applies a function to data * scale + bias") {
  Tiny t;
  const Activation halves{
      .dst = t.dst, .op = ActivationOp::relu, .data = t.data, .bias = 1.0f, .scale = 0.5f};
  CHECK(t.f.problems(halves) == no_problems);
  halves.execute(t.f.memory());
  CHECK(t.f.get(t.dst) == std::vector<float>{1.5f, 2, 2.5f, 0, 3.5f, 4});

  const ViewId scale = t.f.sbuf(DType::float32, {2, 1}), bias = t.f.sbuf(DType::bfloat16, {2, 1});
  t.f.set(scale, {2, -1});
  t.f.set(bias, {10, 20});
  const Activation columns{
      .dst = t.dst, .op = ActivationOp::copy, .data = t.data, .bias = bias, .scale = scale};
  CHECK(t.f.problems(columns) == no_problems);
  columns.execute(t.f.memory());
  CHECK(t.f.get(t.dst) == std::vector<float>{12, 14, 16, 24, 15, 14});

  const Activation exponential{.dst = t.dst, .op = ActivationOp::exp, .data = t.data};
  exponential.execute(t.f.memory());
  CHECK(t.f.get(t.dst)[3] == static_cast<float>(std::exp(-4.0)));
}

TEST_CASE("activation scales and adds in one rounding and converts types at the end") {
  TileFixture f;
  const ViewId data = f.sbuf(DType::float32, {1, 1}), dst = f.psum(DType::float32, {1, 1});
  const float x = 1 + std::ldexp(1.0f, -12);
  f.set(data, {x});
  Activation{.dst = dst, .op = ActivationOp::copy, .data = data, .bias = -1.0f, .scale = x}.execute(
      f.memory());
  CHECK(f.get(dst)[0] == std::ldexp(1.0f, -11) + std::ldexp(1.0f, -24));

  const ViewId integer = f.sbuf(DType::int8, {1, 3}), floats = f.sbuf(DType::float16, {1, 3});
  f.set(floats, {2.5f, 3.5f, 1000});
  Activation{.dst = integer, .op = ActivationOp::copy, .data = floats}.execute(f.memory());
  CHECK(f.get(integer) == std::vector<float>{2, 4, 127});
}

TEST_CASE("activation reduces into registers that outlive it") {
  Tiny t;
  using Floats = std::vector<float>;
  CHECK(t.totals_after(t.copying(ReduceCmd::reset_reduce)) == Floats{6, 7});
  CHECK(t.totals_after(t.copying(ReduceCmd::idle)) == Floats{6, 7});
  CHECK(t.totals_after(t.copying(ReduceCmd::reduce)) == Floats{12, 14});
  CHECK(t.totals_after(t.copying(ReduceCmd::reset)) == Floats{0, 0});
  Activation silent = t.copying(ReduceCmd::reduce);
  silent.reduce_res = {};
  silent.execute(t.f.memory());
  CHECK(t.f.get(t.total) == Floats{0, 0});
  CHECK(t.totals_after(t.copying(ReduceCmd::idle)) == Floats{6, 7});
}

TEST_CASE("activation sums from left to right, before rounding to dst") {
  TileFixture f;
  const ViewId data = f.sbuf(DType::float32, {1, 3}), dst = f.sbuf(DType::bfloat16, {1, 3}),
               total = f.sbuf(DType::float32, {1, 1});
  const Activation sum{.dst = dst,
                       .op = ActivationOp::copy,
                       .data = data,
                       .reduce_op = AluOp::add,
                       .reduce_res = total,
                       .reduce_cmd = ReduceCmd::reset_reduce};
  f.set(data, {1e8f, 1, -1e8f});
  sum.execute(f.memory());
  CHECK(f.get(total)[0] == 0.0f);
  f.set(data, {257, 0, 0});
  sum.execute(f.memory());
  CHECK(f.get(dst)[0] == 256.0f);
  CHECK(f.get(total)[0] == 257.0f);
}

TEST_CASE("activation uses the registers of its input's partitions") {
  TileFixture f;
  const ViewId data = f.sbuf(DType::float32, {64, 1}), totals = f.sbuf(DType::float32, {64, 1});
  f.fill(data, [](int64_t p) { return static_cast<float>(p); });
  const auto from = [&](ViewId id, int32_t partition) {
    return f.changed(id, [partition](View& view) {
      view.partition = partition;
      view.layout.shape[0] = 32;
    });
  };
  const auto reduce = [&](int32_t partition, ReduceCmd cmd) {
    return Activation{.dst = from(data, partition),
                      .op = ActivationOp::copy,
                      .data = from(data, partition),
                      .reduce_op = AluOp::add,
                      .reduce_res = from(totals, partition),
                      .reduce_cmd = cmd};
  };
  reduce(0, ReduceCmd::reset_reduce).execute(f.memory());
  reduce(32, ReduceCmd::reset_reduce).execute(f.memory());
  reduce(0, ReduceCmd::reduce).execute(f.memory());
  const std::vector<float> result = f.get(totals);
  CHECK(result[5] == 10.0f);
  CHECK(result[37] == 37.0f);
}

TEST_CASE("activation_reduce starts over and takes other operators where the machine does") {
  Tiny t;
  ActivationReduce reduce{.dst = t.dst,
                          .op = ActivationOp::copy,
                          .data = t.data,
                          .reduce_op = AluOp::add,
                          .reduce_res = t.total,
                          .scale = -1.0f};
  for (int i = 0; i < 2; ++i) {
    reduce.execute(t.f.memory());
    CHECK(t.f.get(t.total) == std::vector<float>{-6, -7});
  }
  CHECK(t.f.problems(reduce, Generation::gen2) == no_problems);
  reduce.reduce_op = AluOp::maximum;
  CHECK(t.f.problems(reduce, Generation::gen2) == Ids{"wrong_generation"});
  CHECK(t.f.problems(reduce) == no_problems);
  reduce.execute(t.f.memory());
  CHECK(t.f.get(t.total) == std::vector<float>{-1, 4});
  reduce.reduce_op = AluOp::bitwise_and;
  CHECK(t.f.problems(reduce) == Ids{"bad_operator"});
  reduce.reduce_op = AluOp::none;
  CHECK(t.f.problems(reduce) == Ids{"bad_operator"});
}

TEST_CASE("activation checks its operands") {
  Tiny t;
  TileFixture& f = t.f;
  const Activation good{.dst = t.dst, .op = ActivationOp::copy, .data = t.data};
  CHECK(f.problems(good, Generation::gen2) == no_problems);
  const auto with = [&](const std::function<void(Activation&)>& change) {
    Activation activation = good;
    change(activation);
    return activation;
  };
  CHECK(f.problems(with([](Activation& a) { a.bias = 1.0f; }), Generation::gen2) ==
        Ids{"wrong_generation"});
  CHECK(f.problems(with([](Activation& a) { a.bias = 0.0f; }), Generation::gen2) == no_problems);
  CHECK(f.problems(with([](Activation& a) { a.op = ActivationOp::none; })) == Ids{"bad_operator"});
  CHECK(f.problems(with([&](Activation& a) { a.scale = f.sbuf(DType::bfloat16, {2, 1}); })) ==
        Ids{"dtype_mismatch"});
  CHECK(f.problems(with([&](Activation& a) { a.bias = f.sbuf(DType::tfloat32, {2, 1}); })) ==
        Ids{"dtype_mismatch"});
  CHECK(f.problems(with([&](Activation& a) { a.bias = f.sbuf(DType::float32, {2, 3}); })) ==
        Ids{"size_mismatch"});
  CHECK(f.problems(with([&](Activation& a) { a.dst = f.sbuf(DType::float32, {3, 3}); })) ==
        Ids{"partition_mismatch"});
  CHECK(f.problems(with([&](Activation& a) { a.dst = f.hbm(DType::float32, {2, 3}); })).front() ==
        "wrong_memory");
  CHECK(f.problems(with([](Activation& a) { a.reduce_cmd = ReduceCmd::reduce; })) ==
        Ids{"bad_operator"});
  CHECK(f.problems(with([](Activation& a) { a.reduce_op = AluOp::maximum; })) ==
        Ids{"bad_operator"});
  CHECK(f.problems(with([](Activation& a) {
    a.reduce_op = AluOp::add;
    a.reduce_cmd = ReduceCmd::load_reduce;
  })) == Ids{"bad_argument"});
  CHECK(f.problems(with([&](Activation& a) { a.reduce_res = f.sbuf(DType::float32, {2, 2}); })) ==
        Ids{"size_mismatch"});
}

}  // namespace kiln
