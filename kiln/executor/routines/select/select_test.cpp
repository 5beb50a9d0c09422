#include "kiln/executor/routines/differential.h"

namespace kiln {

namespace {

using differential::Scene;

AluOp comparison(Scene& scene, bool with_not_equal) {
  if (with_not_equal && scene.chance(0.2)) return AluOp::not_equal;
  return scene.one_of(
      {AluOp::equal, AluOp::less, AluOp::less_equal, AluOp::greater, AluOp::greater_equal});
}

Pattern any_pattern(Scene& scene) {
  Pattern pattern;
  pattern.rank = static_cast<uint8_t>(scene.number(1, 4));
  const int64_t large = scene.number(0, pattern.rank - 1);
  for (int64_t i = 0; i < pattern.rank; ++i) {
    const bool far = scene.chance(0.1);
    pattern.dims[static_cast<size_t>(i)] = {
        static_cast<int32_t>(far ? scene.number(INT32_MIN, INT32_MAX) : scene.number(-4, 4)),
        static_cast<int32_t>(scene.size(i == large ? 400 : 4))};
  }
  return pattern;
}

}  // namespace

TEST_CASE("iota routines agree with the reference") {
  differential::run<Iota>(
      [](Scene& scene) {
        Iota t{.pattern = any_pattern(scene),
               .offset = static_cast<int32_t>(scene.number(-1000, 1000)),
               .channel_multiplier = static_cast<int32_t>(scene.number(-40, 40))};
        t.dst = scene.tile({.dtype = scene.chance(0.4) ? DType::int32 : scene.arithmetic_dtype(),
                            .partitions = scene.size(128),
                            .elements = t.pattern.elements()});
        scene.fill(false);
        return t;
      },
      {.iterations = 600});
}

TEST_CASE("affine_select routines agree with the reference") {
  differential::run<AffineSelect>(
      [](Scene& scene) {
        AffineSelect t{.pattern = any_pattern(scene),
                       .channel_multiplier = static_cast<int32_t>(scene.number(-4, 4)),
                       .on_false_value = scene.chance(0.5) ? -3e38f : scene.constant(),
                       .cmp_op = comparison(scene, true),
                       .offset = static_cast<int32_t>(scene.number(-100, 100))};
        const int64_t partitions = scene.size(128);
        const DType dtype = scene.arithmetic_dtype();
        const auto wanted = [&](DType type) {
          return differential::Wanted{
              .dtype = type, .partitions = partitions, .elements = t.pattern.elements()};
        };
        t.on_true_tile = scene.tile(wanted(dtype));
        t.dst = scene.tile_near(t.on_true_tile.view,
                                wanted(scene.chance(0.6) ? dtype : scene.arithmetic_dtype()));
        scene.fill(false);
        return t;
      },
      {.iterations = 600, .covered_min = 0.8});
}

TEST_CASE("range_select routines agree with the reference") {
  differential::run<RangeSelect>(
      [](Scene& scene) {
        const int64_t partitions = scene.size(128), elements = scene.size(1500);
        const auto wanted = [&] {
          return differential::Wanted{
              .dtype = scene.one_of({DType::float32, DType::bfloat16, DType::float16}),
              .partitions = partitions,
              .elements = elements,
              .memory = scene.chance(0.2) ? Memory::psum : Memory::sbuf};
        };
        RangeSelect t{.comp_op0 = comparison(scene, false),
                      .comp_op1 = comparison(scene, false),
                      .bound0 = scene.tile({.partitions = partitions}),
                      .bound1 = scene.tile({.partitions = partitions}),
                      .reduce_cmd = scene.one_of({ReduceCmd::idle, ReduceCmd::reset,
                                                  ReduceCmd::reduce, ReduceCmd::reset_reduce}),
                      .range_start = static_cast<int32_t>(scene.number(-100, 100))};
        t.on_true_tile = scene.tile(wanted());
        t.dst = scene.tile_near(t.on_true_tile.view, wanted());
        if (scene.chance(0.6)) t.reduce_res = scene.tile({.partitions = partitions});
        scene.fill(scene.chance(0.6));
        for (ViewId bound : {t.bound0.view, t.bound1.view}) {
          scene.set(bound, [&](int64_t, int64_t) {
            return static_cast<float>(scene.number(-100, 1400)) + (scene.chance(0.3) ? 0.5f : 0.0f);
          });
        }
        return t;
      },
      {.iterations = 600, .covered_min = 0.8});
}

TEST_CASE("select_reduce routines agree with the reference") {
  differential::run<SelectReduce>(
      [](Scene& scene) {
        const int64_t partitions = scene.size(128), elements = scene.size(1500);
        const auto wanted = [&](DType dtype) {
          return differential::Wanted{
              .dtype = dtype, .partitions = partitions, .elements = elements};
        };
        const auto any = [&] {
          return scene.one_of({DType::float32, DType::bfloat16, DType::float16, DType::int16,
                               DType::uint8, DType::float8_e4m3fn});
        };
        SelectReduce t{.on_false = scene.constant_or_column(partitions, any()),
                       .reduce_cmd = scene.one_of(
                           {ReduceCmd::idle, ReduceCmd::reset_reduce, ReduceCmd::reduce}),
                       .reverse_pred = scene.chance(0.3)};
        t.on_true = scene.tile(wanted(any()));
        t.dst = scene.tile_near(t.on_true.view, wanted(any()));
        t.predicate = scene.tile_near(
            t.dst.view,
            wanted(scene.one_of({DType::uint8, DType::uint16, DType::int8, DType::int16})));
        if (scene.chance(0.6)) {
          t.reduce_res = scene.tile(
              {.dtype = scene.one_of({DType::float32, DType::bfloat16}), .partitions = partitions});
        }
        scene.fill(scene.chance(0.6));
        scene.set(t.predicate.view,
                  [&](int64_t, int64_t) { return scene.chance(0.5) ? 7.0f : 0.0f; });
        return t;
      },
      {.iterations = 600, .covered_min = 0.8});
}

TEST_CASE("tensor_copy_predicated routines agree with the reference") {
  differential::run<TensorCopyPredicated>(
      [](Scene& scene) {
        const int64_t partitions = scene.size(128), elements = scene.size(1500);
        const DType dtype = scene.arithmetic_dtype();
        const auto wanted = [&](DType type) {
          return differential::Wanted{
              .dtype = type, .partitions = partitions, .elements = elements};
        };
        TensorCopyPredicated t{.dst = scene.tile(wanted(dtype)), .reverse_pred = scene.chance(0.3)};
        if (scene.chance(0.3)) {
          t.src = scene.constant();
        } else {
          t.src = scene.tile_near(t.dst.view, wanted(dtype));
        }
        t.predicate = scene.tile_near(
            t.dst.view, wanted(scene.one_of({DType::uint8, DType::uint16, DType::uint32})));
        scene.fill(false);
        scene.set(t.predicate.view,
                  [&](int64_t, int64_t) { return scene.chance(0.5) ? 7.0f : 0.0f; });
        return t;
      },
      {.iterations = 600, .covered_min = 0.8});
}

}  // namespace kiln
