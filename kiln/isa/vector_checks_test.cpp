// What check() of the Vector engine's instructions, and of loops and registers, refuses.
#include "kiln/isa/bn_aggr.h"
#include "kiln/isa/bn_stats.h"
#include "kiln/isa/control.h"
#include "kiln/isa/memset.h"
#include "kiln/isa/reciprocal.h"
#include "kiln/isa/scalar_tensor_tensor.h"
#include "kiln/isa/tensor_copy.h"
#include "kiln/isa/tensor_copy_predicated.h"
#include "kiln/isa/tensor_reduce.h"
#include "kiln/isa/tensor_scalar.h"
#include "kiln/isa/tensor_tensor_scan.h"

#include <doctest/doctest.h>

#include <string>

#include "kiln/base/diagnostic.h"

namespace kiln {
namespace {

using enum Memory;

struct Bench {
  Machine machine{.generation = Generation::gen3,
                  .partitions = {128},
                  .bn_stats_free = {512},
                  .access_pattern_dims = {4},
                  .access_pattern_elements = {65536},
                  .access_pattern_step = {32767},
                  .scalar_engine_tensor_copy = {true}};
  Tiles tiles;
  ViewId tile = make({64, 8}), other = make({64, 8}), column = make({64, 1}),
         psum = make({64, 8}, DType::float32, Memory::psum), ints = make({64, 8}, DType::int32),
         bytes = make({64, 8}, DType::uint8), packed = make({64, 8}, DType::float8_e5m2_x4),
         fewer = make({32, 8}), longer = make({64, 9}),
         hbm = make({64, 8}, DType::float32, shared_hbm);

  ViewId make(std::initializer_list<int64_t> shape, DType dtype = DType::float32,
              Memory memory = sbuf) {
    Storage storage{.memory = memory, .dtype = dtype};
    for (int64_t size : shape) storage.shape[storage.rank++] = size;
    return tiles.whole(tiles.add(std::move(storage)));
  }

  // The diagnostics, as "id: message" lines; "" if the instruction is right.
  template <class T>
  std::string said(const T& instruction) const {
    Report report;
    instruction.check(Context{machine, tiles}, report);
    std::string text;
    for (const Diagnostic& d : report.diagnostics()) {
      text += (text.empty() ? "" : "\n") + std::string(d.kind->id) + ": " + d.message;
    }
    return text;
  }
  // The id of the first diagnostic.
  template <class T>
  std::string kind(const T& instruction) const {
    const std::string text = said(instruction);
    return text.substr(0, text.find(':'));
  }
};

TEST_CASE("memset") {
  Bench b;
  CHECK(b.said(Memset{.dst = b.psum, .value = 0, .engine = Engine::vector}) == "");
  CHECK(b.said(Memset{.dst = b.ints, .value = 1, .engine = Engine::gpsimd}) == "");
  CHECK(b.said(Memset{.dst = b.ints, .value = 1.5}) ==
        "bad_argument: value is the float 1.5; dst is int32, and takes an integer");
  CHECK(b.said(Memset{.dst = b.tile, .value = b.column}) ==
        "bad_argument: value is a tensor; it must be a constant");
  CHECK(b.said(Memset{.dst = b.packed, .value = 0.0}) == "");
  CHECK(b.said(Memset{.dst = b.packed, .value = 2}) ==
        "bad_argument: value is 2; dst is float8_e5m2_x4, which can only be set to 0");
  CHECK(b.kind(Memset{.dst = b.hbm, .value = 0}) == "wrong_memory");
  CHECK(b.kind(Memset{.dst = b.psum, .value = 0, .engine = Engine::gpsimd}) == "wrong_memory");
  CHECK(b.kind(Memset{.dst = b.tile, .value = 0, .engine = Engine::scalar}) == "wrong_engine");
}

TEST_CASE("tensor_copy") {
  Bench b;
  CHECK(b.said(TensorCopy{.dst = b.tile, .src = b.psum}) == "");
  CHECK(b.said(TensorCopy{.dst = b.packed, .src = b.packed}) == "");
  CHECK(b.said(TensorCopy{.dst = b.tile, .src = b.ints, .engine = Engine::scalar}) == "");
  CHECK(b.kind(TensorCopy{.dst = b.tile, .src = b.packed}) == "dtype_mismatch");
  CHECK(b.kind(TensorCopy{.dst = b.tile, .src = b.fewer}) == "partition_mismatch");
  CHECK(b.kind(TensorCopy{.dst = b.tile, .src = b.longer}) == "size_mismatch");
  CHECK(b.kind(TensorCopy{.dst = b.tile, .src = b.psum, .engine = Engine::gpsimd}) ==
        "wrong_memory");
  CHECK(b.kind(TensorCopy{.dst = b.tile, .src = b.other, .engine = Engine::tensor}) ==
        "wrong_engine");
  b.machine.generation = Generation::gen2;
  b.machine.scalar_engine_tensor_copy = {false};
  CHECK(b.said(TensorCopy{.dst = b.tile, .src = b.other, .engine = Engine::scalar}) ==
        "wrong_engine: engine is scalar; on gen2 use activation with op=copy instead");
}

TEST_CASE("tensor_copy_predicated") {
  Bench b;
  CHECK(b.said(TensorCopyPredicated{.dst = b.tile, .src = b.psum, .predicate = b.bytes}) == "");
  CHECK(b.said(TensorCopyPredicated{.dst = b.ints, .src = 3, .predicate = b.bytes}) == "");
  CHECK(b.kind(TensorCopyPredicated{.dst = b.tile, .src = b.other, .predicate = b.ints}) ==
        "dtype_mismatch");
  CHECK(b.kind(TensorCopyPredicated{.dst = b.tile, .src = b.ints, .predicate = b.bytes}) ==
        "dtype_mismatch");
  CHECK(b.kind(TensorCopyPredicated{.dst = b.tile, .src = b.column, .predicate = b.bytes}) ==
        "size_mismatch");
  CHECK(b.kind(TensorCopyPredicated{.dst = b.packed, .src = 1, .predicate = b.bytes}) ==
        "bad_argument");
  const ViewId psum_bytes = b.make({64, 8}, DType::uint8, Memory::psum);
  CHECK(b.said(TensorCopyPredicated{.dst = b.psum, .src = b.psum, .predicate = psum_bytes}) ==
        "wrong_memory: src and predicate are both in psum; at most one may be");
}

TEST_CASE("tensor_scalar operands") {
  Bench b;
  using enum AluOp;
  const auto said = [&](AluOp op, InOrScalar operand) {
    return b.said(TensorScalar{.dst = b.tile, .data = b.other, .op0 = op, .operand0 = operand});
  };
  CHECK(said(add, b.column) == "");
  CHECK(said(none, {}) == "");
  CHECK(said(abs, {}) == "");
  CHECK(said(abs, 0.0) == "");
  CHECK(said(add, {}) == "missing_argument: operand0 is missing; op0=add needs it");
  CHECK(said(abs, 2) == "bad_argument: operand0 is given; op0=abs takes None or 0");
  CHECK(said(abs, b.column) == "bad_argument: operand0 is given; op0=abs takes None or 0");
  CHECK(said(add, b.other) == "size_mismatch: operand0 has 8 elements per partition; it takes 1");
  const ViewId int_column = b.make({64, 1}, DType::int32);
  CHECK(said(add, int_column) == "dtype_mismatch: operand0 is int32; it must be float32");
  CHECK(said(abs_max, 1) == "wrong_generation: op0 is abs_max; only gen4 and later have it");
  CHECK(said(bitwise_and, 1) ==
        "dtype_mismatch: dst is float32; it must be an integer type\n"
        "dtype_mismatch: data is float32; it must be an integer type");
}

TEST_CASE("tensor_scalar with bitvec operators") {
  Bench b;
  using enum AluOp;
  TensorScalar t{.dst = b.ints, .data = b.bytes, .op0 = right_shift, .operand0 = 4};
  CHECK(b.said(t) == "");
  t.engine = Engine::gpsimd;
  CHECK(b.kind(t) == "wrong_engine");
  t.engine = Engine::vector;
  t.operand0 = 4.5;
  CHECK(b.said(t) == "bad_argument: operand0 is 4.5; op0=right_shift takes an integer");
  t.operand0 = b.column;
  CHECK(b.said(t) == "dtype_mismatch: operand0 is float32; it must be an integer type");
  t.operand0 = b.make({64, 1}, DType::uint16);
  CHECK(b.said(t) == "");
  t.op1 = add;
  t.operand1 = 1;
  CHECK(b.said(t) ==
        "bad_operator: op0 is right_shift and op1 is add; both must be bitvec or both arithmetic "
        "operators");
}

TEST_CASE("tensor_scalar on each engine") {
  Bench b;
  using enum AluOp;
  const auto kind = [&](Engine engine, AluOp op0, AluOp op1) {
    return b.kind(TensorScalar{.dst = b.tile,
                               .data = b.other,
                               .op0 = op0,
                               .operand0 = info(op0).unary ? InOrScalar() : InOrScalar(2),
                               .op1 = op1,
                               .operand1 = op1 == none ? InOrScalar() : InOrScalar(2),
                               .engine = engine});
  };
  CHECK(kind(Engine::vector, maximum, minimum) == "");
  CHECK(kind(Engine::scalar, multiply, add) == "");
  CHECK(kind(Engine::scalar, multiply, none) == "");
  CHECK(kind(Engine::scalar, add, none) == "");
  CHECK(kind(Engine::scalar, add, multiply) == "bad_operator");
  CHECK(kind(Engine::scalar, subtract, none) == "bad_operator");
  CHECK(kind(Engine::gpsimd, rsqrt, none) == "");
  CHECK(kind(Engine::gpsimd, add, none) == "bad_operator");
  CHECK(kind(Engine::tensor, add, none) == "wrong_engine");
  CHECK(
      b.kind(TensorScalar{.dst = b.tile, .data = b.psum, .op0 = rsqrt, .engine = Engine::gpsimd}) ==
      "wrong_memory");
  CHECK(b.said(TensorScalar{.dst = b.tile,
                            .data = b.other,
                            .op0 = rsqrt,
                            .op1 = multiply,
                            .operand1 = b.make({64, 1}, DType::float32, Memory::psum),
                            .engine = Engine::gpsimd}) ==
        "wrong_memory: operand1 is in psum, which engine=gpsimd cannot reach");
}

TEST_CASE("scalar_tensor_tensor") {
  Bench b;
  using enum AluOp;
  const ScalarTensorTensor right{.dst = b.ints,
                                 .data = b.bytes,
                                 .op0 = multiply,
                                 .operand0 = b.make({64, 1}, DType::bfloat16),
                                 .op1 = add,
                                 .operand1 = b.psum};
  CHECK(b.said(right) == "");
  const auto kind = [&](auto&& change) {
    ScalarTensorTensor t = right;
    change(t);
    return b.kind(t);
  };
  CHECK(kind([](auto& t) { t.op0 = abs, t.operand0 = 0; }) == "");
  CHECK(kind([](auto& t) { t.op0 = bitwise_and; }) == "bad_operator");
  CHECK(kind([](auto& t) { t.op0 = none; }) == "bad_operator");
  CHECK(kind([](auto& t) { t.op1 = abs; }) == "bad_operator");
  CHECK(kind([](auto& t) { t.op1 = left_shift; }) == "bad_operator");
  CHECK(kind([](auto& t) { t.op1 = abs_min; }) == "wrong_generation");
  CHECK(kind([&](auto& t) { t.operand0 = b.tile; }) == "size_mismatch");
  CHECK(kind([&](auto& t) { t.data = b.psum; }) == "wrong_memory");
  CHECK(kind([&](auto& t) { t.data = b.packed; }) == "dtype_mismatch");
  CHECK(kind([&](auto& t) { t.operand1 = b.longer; }) == "size_mismatch");
}

TEST_CASE("tensor_reduce") {
  Bench b;
  using enum AluOp;
  const ViewId deep = b.make({64, 2, 3, 4}), six = b.make({64, 6}), two = b.make({64, 2});
  const auto said = [&](ViewId dst, AluOp op, ViewId data, Axes axis, bool negate = false) {
    return b.said(TensorReduce{.dst = dst, .op = op, .data = data, .axis = axis, .negate = negate});
  };
  CHECK(said(six, add, deep, {3}) == "");
  CHECK(said(two, maximum, deep, {2, 3}, true) == "");
  CHECK(said(b.column, minimum, deep, {1, 2, 3}) == "");
  CHECK(said(two, add, deep, {3}) == "size_mismatch: dst has 2 elements per partition; it needs 6");
  for (const Axes axis : {Axes{}, Axes{0}, Axes{2}, Axes{1, 3}, Axes{0, 1, 2, 3}, Axes{4}}) {
    CAPTURE(int{axis.bits});
    CHECK(said(six, add, deep, axis).starts_with("bad_argument: axis is ("));
  }
  CHECK(said(six, add, deep, {1, 3}) ==
        "bad_argument: axis is (1, 3); data has 4 dimensions, of which the last ones are reduced, "
        "never dimension 0");
  CHECK(said(six, power, deep, {3}) ==
        "bad_operator: op is power; it must be a reduction operator");
  const ViewId int_column = b.make({64, 1}, DType::int32);
  CHECK(said(int_column, bitwise_or, b.ints, {1}) == "");
  CHECK(said(int_column, bitwise_or, b.ints, {1}, true) ==
        "bad_argument: negate is true; op=bitwise_or takes no negation");
  CHECK(said(int_column, bitwise_or, b.tile, {1}) ==
        "dtype_mismatch: data is float32; it must be an integer type");
}

TEST_CASE("tensor_tensor_scan") {
  Bench b;
  using enum AluOp;
  const TensorTensorScan right{.dst = b.tile,
                               .data0 = b.psum,
                               .data1 = b.bytes,
                               .initial = b.column,
                               .op0 = multiply,
                               .op1 = add};
  CHECK(b.said(right) == "");
  const auto kind = [&](auto&& change) {
    TensorTensorScan t = right;
    change(t);
    return b.kind(t);
  };
  CHECK(kind([](auto& t) { t.op0 = bitwise_xor; }) == "bad_operator");
  CHECK(kind([](auto& t) { t.op1 = square; }) == "bad_operator");
  CHECK(kind([](auto& t) { t.op1 = none; }) == "bad_operator");
  CHECK(kind([&](auto& t) { t.initial = b.tile; }) == "size_mismatch");
  CHECK(kind([&](auto& t) { t.data1 = b.psum; }) == "wrong_memory");
  CHECK(kind([&](auto& t) { t.data1 = b.longer; }) == "size_mismatch");
}

TEST_CASE("reciprocal, bn_stats and bn_aggr") {
  Bench b;
  CHECK(b.said(Reciprocal{.dst = b.tile, .data = b.psum}) == "");
  CHECK(b.kind(Reciprocal{.dst = b.tile, .data = b.packed}) == "dtype_mismatch");
  const ViewId six = b.make({64, 2, 3}), two = b.make({64, 2});
  CHECK(b.said(BnStats{.dst = six, .data = b.make({64, 2, 256})}) == "");
  CHECK(b.said(BnStats{.dst = six, .data = b.make({64, 513})}) ==
        "tile_too_large: data has 513 elements per partition; bn_stats_fmax is 512");
  CHECK(b.kind(BnStats{.dst = two, .data = b.tile}) == "size_mismatch");
  CHECK(b.said(BnAggr{.dst = two, .data = six}) == "");
  CHECK(b.kind(BnAggr{.dst = six, .data = six}) == "size_mismatch");
  CHECK(b.said(BnAggr{.dst = two, .data = b.tile}) ==
        "size_mismatch: data has 8 elements per partition; it takes a multiple of 3");
}

TEST_CASE("loops and registers") {
  Bench b;
  const RegisterId r{0};
  CHECK(b.said(Loop{.counter = r, .lower = 0, .upper = r, .step = 2}) == "");
  CHECK(b.said(Loop{.counter = r, .lower = 0, .upper = 8, .step = 0}) ==
        "bad_loop: step is 0; it must be 1 or more");
  CHECK(b.said(Loop{.lower = 0, .upper = 8}) ==
        "bad_register: counter is not an allocated register");
  CHECK(b.said(WhileLoop{.condition = r}) == "");
  CHECK(b.kind(WhileLoop{}) == "bad_register");
  CHECK(b.said(RegisterMove{.dst = r, .src = 3}) == "");
  CHECK(b.kind(RegisterMove{.src = 3}) == "bad_register");
  const ViewId cell = b.make({1, 1}, DType::int32), hbm = b.make({1}, DType::int32, private_hbm);
  CHECK(b.said(RegisterLoad{.dst = r, .src = cell}) == "");
  CHECK(b.said(RegisterLoad{.dst = r, .src = hbm}) == "");
  CHECK(b.said(RegisterStore{.dst = hbm, .src = r}) == "");
  CHECK(b.kind(RegisterStore{.dst = hbm}) == "bad_register");
  CHECK(b.said(RegisterLoad{.dst = r, .src = b.column}) ==
        "size_mismatch: src has 64 elements; a register holds 1");
  CHECK(b.kind(RegisterStore{.dst = b.make({1, 1}, DType::int32, Memory::psum), .src = r}) ==
        "wrong_memory");
}

}  // namespace
}  // namespace kiln
