#include <cmath>

#include "kiln/executor/routines/activation/tolerance.h"
#include "kiln/executor/routines/differential.h"

namespace kiln {

namespace {

using differential::Image;
using differential::Scene;

constexpr int64_t function_count = EnumNames<ActivationOp>::names.size();

ActivationOp any_function(Scene& scene) {
  return static_cast<ActivationOp>(scene.number(1, function_count - 1));
}

Activation any_activation(Scene& scene) {
  const int64_t partitions = scene.size(128), elements = scene.size(1500);
  const auto wanted = [&] {
    return differential::Wanted{.dtype = scene.arithmetic_dtype(),
                                .partitions = partitions,
                                .elements = elements,
                                .memory = scene.chance(0.2) ? Memory::psum : Memory::sbuf};
  };
  const auto operand = [&](DType dtype) -> InOrScalar {
    if (scene.chance(0.4)) return scene.constant();
    return scene.tile({.dtype = dtype, .partitions = partitions});
  };
  Activation t{.op = any_function(scene)};
  t.bias = operand(scene.chance(0.5) ? DType::float32 : DType::bfloat16);
  t.scale = operand(DType::float32);
  t.data = scene.tile(wanted());
  t.dst = scene.tile_near(t.data.view, wanted());
  // Sums of inexact results are compared with themselves, below.
  if (activation_ulps(t.op) == 0 && scene.chance(0.6)) {
    t.reduce_op = AluOp::add;
    t.reduce_cmd = scene.one_of(
        {ReduceCmd::idle, ReduceCmd::reset, ReduceCmd::reduce, ReduceCmd::reset_reduce});
    if (scene.chance(0.7)) {
      t.reduce_res = scene.tile({.dtype = scene.arithmetic_dtype(), .partitions = partitions});
    }
  }
  scene.fill(scene.chance(0.5));
  return t;
}

constexpr auto tolerance_of_function = [](const auto& entry, const auto& t) {
  REQUIRE(activation_ulps(t.op) <= entry.tolerance.ulps);
  return activation_ulps(t.op);
};

// Runs `t` at every level on a scene with one tile of 128 x `row` float32 patterns.
template <class Pattern>
void check_function(ActivationOp op, int64_t row, const Pattern& pattern) {
  CAPTURE(name_of(op));
  Scene scene(1);
  Activation t{.dst = scene.tile({.partitions = 128, .shape = {row}}),
               .op = op,
               .data = scene.tile({.partitions = 128, .shape = {row}})};
  scene.fill(true);
  scene.set_bits(t.data.view,
                 [&](int64_t p, int64_t i) { return pattern(static_cast<Bits>(p * row + i)); });
  Image reference(scene);
  t.execute(reference.memory());
  for (const RoutineEntry<Activation>& entry : routines_of<Activation>()) {
    if (!is_available(entry.level)) continue;
    CAPTURE(entry.name);
    Image result(scene);
    REQUIRE(entry.run(t, result.memory()));
    CHECK(result.difference(reference, activation_ulps(op)) == "");
  }
}

}  // namespace

TEST_CASE("activation routines agree with the reference") {
  differential::run<Activation>(any_activation, {.iterations = 2000, .covered_min = 0.8},
                                tolerance_of_function);
}

TEST_CASE("activation_reduce routines agree with the reference") {
  differential::run<ActivationReduce>(
      [](Scene& scene) {
        const Activation t = any_activation(scene);
        ActivationReduce r{.dst = t.dst,
                           .op = activation_ulps(t.op) == 0 ? t.op : ActivationOp::relu,
                           .data = t.data,
                           .bias = t.bias,
                           .scale = t.scale};
        r.reduce_op = scene.one_of({AluOp::add, AluOp::maximum, AluOp::minimum, AluOp::multiply,
                                    AluOp::logical_or, AluOp::subtract});
        r.reduce_res = t.reduce_res;
        return r;
      },
      {.iterations = 600, .covered_min = 0.8}, tolerance_of_function);
}

TEST_CASE("exponential routines agree with the reference") {
  differential::run<Exponential>(
      [](Scene& scene) {
        const int64_t partitions = scene.size(128), elements = scene.size(1500);
        const auto wanted = [&] {
          return differential::Wanted{
              .dtype = scene.one_of({DType::float32, DType::float32, DType::bfloat16,
                                     DType::float16, DType::int32, DType::uint8}),
              .partitions = partitions,
              .elements = elements,
              .memory = scene.chance(0.2) ? Memory::psum : Memory::sbuf};
        };
        Exponential t{.max_value = scene.constant_or_column(partitions, DType::float32)};
        t.src = scene.tile(wanted());
        t.dst = scene.tile_near(t.src.view, wanted());
        // Sums of inexact results are compared with themselves, below.
        if (scene.chance(0.3)) t.reduce_res = scene.tile({.partitions = partitions});
        scene.fill(scene.chance(0.7));
        return t;
      },
      {.iterations = 600, .covered_min = 0.7});
}

TEST_CASE("exponential routines add up their own results from left to right") {
  for (const RoutineEntry<Exponential>& entry : routines_of<Exponential>()) {
    if (!is_available(entry.level)) continue;
    CAPTURE(entry.name);
    Scene scene(7);
    const int64_t partitions = 37, elements = 203;
    Exponential t{.dst = scene.tile({.partitions = partitions, .elements = elements}),
                  .src = scene.tile({.partitions = partitions, .elements = elements}),
                  .reduce_res = scene.tile({.partitions = partitions}),
                  .reduce_cmd = ReduceCmd::load_reduce,
                  .reduce_init = 2.5f};
    scene.fill(true);
    Image result(scene);
    REQUIRE(entry.run(t, result.memory()));
    const TileAccess d = result.memory().access(t.dst);
    const TileAccess sums = result.memory().access(t.reduce_res);
    for (int64_t p = 0; p < partitions; ++p) {
      float sum = 2.5f;
      for (int64_t i = 0; i < elements; ++i) sum += d.get(p, i);
      REQUIRE(sums.get(p, 0) == sum);
    }
  }
}

TEST_CASE("activation functions are accurate over all float32") {
  for (int64_t op = 1; op < function_count; ++op) {
    // An odd step meets every exponent and many mantissas.
    check_function(static_cast<ActivationOp>(op), 512, [](Bits i) { return i * 65537; });
    // From -12 to 12 in even steps.
    check_function(static_cast<ActivationOp>(op), 512, [](Bits i) {
      return std::bit_cast<Bits>(static_cast<float>(i) * (24.0f / 65536) - 12);
    });
  }
}

TEST_CASE("activation routines add up their own results from left to right") {
  for (const RoutineEntry<Activation>& entry : routines_of<Activation>()) {
    if (!is_available(entry.level)) continue;
    CAPTURE(entry.name);
    Scene scene(7);
    const int64_t partitions = 37, elements = 203;
    Activation t{.dst = scene.tile({.partitions = partitions, .elements = elements}),
                 .op = ActivationOp::silu,
                 .data = scene.tile({.partitions = partitions, .elements = elements}),
                 .reduce_op = AluOp::add,
                 .reduce_res = scene.tile({.partitions = partitions}),
                 .reduce_cmd = ReduceCmd::reset_reduce};
    scene.fill(true);
    Image result(scene);
    REQUIRE(entry.run(t, result.memory()));
    const TileAccess d = result.memory().access(t.dst);
    const TileAccess sums = result.memory().access(t.reduce_res);
    for (int64_t p = 0; p < partitions; ++p) {
      float sum = 0;
      for (int64_t i = 0; i < elements; ++i) sum += d.get(p, i);
      REQUIRE(sums.get(p, 0) == sum);
    }
  }
}

}  // namespace kiln
