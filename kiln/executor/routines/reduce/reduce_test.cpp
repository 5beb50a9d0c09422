#include "kiln/executor/routines/differential.h"

namespace kiln {

namespace {

using differential::Scene;

Memory any_memory(Scene& scene) { return scene.chance(0.2) ? Memory::psum : Memory::sbuf; }

}  // namespace

TEST_CASE("tensor_reduce routines agree with the reference") {
  differential::run<TensorReduce>(
      [](Scene& scene) {
        const int64_t partitions = scene.size(128);
        const std::vector<int64_t> shape{scene.size(6), scene.size(5), scene.size(300)};
        const int count = static_cast<int>(scene.number(1, 3));
        TensorReduce t{.op =
                           scene.one_of({AluOp::add, AluOp::subtract, AluOp::multiply,
                                         AluOp::maximum, AluOp::minimum, AluOp::logical_and,
                                         AluOp::logical_or, AluOp::logical_xor, AluOp::bitwise_and,
                                         AluOp::bitwise_or, AluOp::bitwise_xor})};
        int64_t results = 1;
        for (int i = 1; i <= 3; ++i) {
          if (i > 3 - count) {
            t.axis.bits |= static_cast<uint8_t>(1 << i);
          } else {
            results *= shape[static_cast<size_t>(i - 1)];
          }
        }
        const bool bits = info(t.op).bitvec;
        t.negate = !bits && scene.chance(0.3);
        const auto dtype = [&] { return bits ? scene.integer_dtype() : scene.arithmetic_dtype(); };
        t.data = scene.tile({.dtype = dtype(),
                             .partitions = partitions,
                             .shape = shape,
                             .memory = any_memory(scene),
                             .may_repeat = true});
        t.dst = scene.tile({.dtype = dtype(),
                            .partitions = partitions,
                            .elements = results,
                            .memory = any_memory(scene)});
        scene.fill(false);
        return t;
      },
      {.iterations = 1500});
}

TEST_CASE("tensor_reduce routines keep the sign of the first zero") {
  differential::run<TensorReduce>(
      [](Scene& scene) {
        const int64_t partitions = scene.size(128), elements = scene.size(1500);
        TensorReduce t{.op = scene.one_of({AluOp::maximum, AluOp::minimum}), .axis = {1}};
        t.data = scene.tile({.partitions = partitions, .shape = {elements}});
        t.dst = scene.tile({.partitions = partitions});
        scene.fill(true);
        const bool is_maximum = t.op == AluOp::maximum;
        scene.set(t.data.view, [&](int64_t, int64_t) {
          if (scene.chance(0.9)) return is_maximum ? -1.0f : 1.0f;
          return scene.one_of({0.0f, -0.0f, std::nanf("")});
        });
        return t;
      },
      {.iterations = 200});
}

TEST_CASE("tensor_partition_reduce routines agree with the reference") {
  differential::run<TensorPartitionReduce>(
      [](Scene& scene) {
        const int64_t elements = scene.size(3000);
        TensorPartitionReduce t{.op = scene.one_of({AluOp::add, AluOp::average, AluOp::maximum,
                                                    AluOp::bitwise_or, AluOp::bitwise_and})};
        const auto dtype = [&] {
          return info(t.op).bitvec ? scene.integer_dtype() : scene.arithmetic_dtype();
        };
        t.data =
            scene.tile({.dtype = dtype(), .partitions = scene.size(128), .elements = elements});
        t.dst = scene.tile_near(t.data.view, {.dtype = dtype(), .elements = elements});
        scene.fill(false);
        return t;
      },
      {.iterations = 600});
}

TEST_CASE("bn_stats routines agree with the reference") {
  differential::run<BnStats>([](Scene& scene) {
    const int64_t partitions = scene.size(128);
    BnStats t{.dst = scene.tile({.dtype = scene.arithmetic_dtype(),
                                 .partitions = partitions,
                                 .elements = 6,
                                 .memory = any_memory(scene)}),
              .data = scene.tile({.dtype = scene.arithmetic_dtype(),
                                  .partitions = partitions,
                                  .elements = scene.size(512),
                                  .memory = any_memory(scene)})};
    scene.fill(false);
    return t;
  });
}

TEST_CASE("bn_aggr routines agree with the reference") {
  differential::run<BnAggr>([](Scene& scene) {
    const int64_t partitions = scene.size(128);
    BnAggr t{.dst = scene.tile(
                 {.dtype = scene.arithmetic_dtype(), .partitions = partitions, .elements = 2}),
             .data = scene.tile({.dtype = scene.arithmetic_dtype(),
                                 .partitions = partitions,
                                 .elements = 3 * scene.size(20)})};
    scene.fill(scene.chance(0.7));
    return t;
  });
}

TEST_CASE("tensor_scalar_reduce routines agree with the reference") {
  differential::run<TensorScalarReduce>(
      [](Scene& scene) {
        const int64_t partitions = scene.size(128), elements = scene.size(1500);
        const auto wanted = [&] {
          return differential::Wanted{.dtype = scene.arithmetic_dtype(),
                                      .partitions = partitions,
                                      .elements = elements,
                                      .memory = any_memory(scene)};
        };
        TensorScalarReduce t{
            .op0 = static_cast<AluOp>(scene.number(1, static_cast<int64_t>(AluOp::reciprocal))),
            .operand0 = scene.constant_or_column(partitions, DType::float32),
            .reduce_op =
                scene.one_of({AluOp::add, AluOp::multiply, AluOp::maximum, AluOp::minimum}),
            .reduce_cmd =
                scene.one_of({ReduceCmd::reset_reduce, ReduceCmd::reduce, ReduceCmd::load_reduce}),
            .reduce_res_negate = scene.chance(0.3)};
        if (info(t.op0).unary) t.operand0 = 0.0f;
        if (t.reduce_cmd == ReduceCmd::load_reduce) {
          t.reduce_init = scene.constant_or_column(partitions, DType::float32);
        }
        t.data = scene.tile(wanted());
        t.dst = scene.tile_near(t.data.view, wanted());
        if (scene.chance(0.8)) {
          t.reduce_res = scene.tile({.dtype = scene.arithmetic_dtype(), .partitions = partitions});
        }
        scene.fill(scene.chance(0.5));
        return t;
      },
      {.iterations = 800, .covered_min = 0.8});
}

}  // namespace kiln
