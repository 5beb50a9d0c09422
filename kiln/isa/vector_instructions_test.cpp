// The reference meaning of the Vector engine's instructions and of the registers, on small tiles.
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

#include <cmath>
#include <limits>
#include <memory>
#include <random>
#include <vector>

#include "kiln/base/diagnostic.h"

namespace kiln {
namespace {

constexpr float nan = std::numeric_limits<float>::quiet_NaN();
constexpr float inf = std::numeric_limits<float>::infinity();

const Machine gen3{.generation = Generation::gen3,
                   .partitions = {128},
                   .bn_stats_free = {512},
                   .access_pattern_dims = {4},
                   .access_pattern_elements = {65536},
                   .access_pattern_step = {32767},
                   .scalar_engine_tensor_copy = {true}};
using Values = std::vector<float>;

// Tiles with memory behind them.
class Bench {
 public:
  ViewId tile(std::initializer_list<int64_t> shape, DType dtype = DType::float32,
              const Values& values = {}) {
    Storage storage{.memory = Memory::sbuf, .dtype = dtype};
    for (int64_t size : shape) storage.shape[storage.rank++] = size;
    rows_.push_back(std::make_unique<std::vector<std::byte>>(
        static_cast<size_t>(storage.partitions() * storage.row_bytes())));
    const ViewId view = tiles_.whole(tiles_.add(std::move(storage)));
    for (size_t n = 0; n < values.size(); ++n) access(view).set(static_cast<int64_t>(n), values[n]);
    return view;
  }
  ViewId bits_tile(std::initializer_list<int64_t> shape, DType dtype,
                   const std::vector<Bits>& bits) {
    const ViewId view = tile(shape, dtype);
    for (size_t n = 0; n < bits.size(); ++n) {
      access(view).set_bits(static_cast<int64_t>(n), bits[n]);
    }
    return view;
  }
  // Another view of the same storage.
  ViewId changed(ViewId from, auto&& change) {
    View view = tiles_.view(from);
    change(view);
    return tiles_.add(view);
  }

  // Checks the instruction, expecting no complaint, and executes it.
  template <class T>
  void run(const T& instruction) {
    Report report;
    instruction.check(Context{gen3, tiles_}, report);
    for (const Diagnostic& d : report.diagnostics()) FAIL_CHECK(d.message);
    instruction.execute(memory());
  }

  Values values(ViewId view) {
    Values all;
    const TileAccess a = access(view);
    for (int64_t n = 0; n < a.partitions * a.elements; ++n) all.push_back(a.get(n));
    return all;
  }
  std::vector<Bits> bits(ViewId view) {
    std::vector<Bits> all;
    const TileAccess a = access(view);
    for (int64_t n = 0; n < a.partitions * a.elements; ++n) all.push_back(a.bits(n));
    return all;
  }
  int32_t& reg(RegisterId id) { return memory().reg(id); }

 private:
  TileMemory& memory() {
    memory_.grow(4);
    for (uint32_t i = 0; i < rows_.size(); ++i) {
      memory_.buffer({i}) = {rows_[i]->data(), tiles_.storage({i}).row_bytes()};
    }
    return memory_;
  }
  TileAccess access(ViewId view) { return memory().access(view); }

  Tiles tiles_;
  std::vector<std::unique_ptr<std::vector<std::byte>>> rows_;
  TileMemory memory_{tiles_, 4};
};

Values random_values(size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(3.0f, 10.0f);
  Values values(count);
  for (float& v : values) v = normal(random);
  return values;
}

TEST_CASE("memset converts the constant to the type of dst") {
  Bench b;
  const auto filled = [&](DType dtype, InOrScalar value) {
    const ViewId t = b.tile({2, 3}, dtype);
    b.run(Memset{.dst = t, .value = value});
    const std::vector<Bits> all = b.bits(t);
    for (Bits bits : all) CHECK(bits == all[0]);
    return all[0];
  };
  CHECK(filled(DType::float32, 1.5f) == 0x3FC00000u);
  CHECK(filled(DType::float32, 3) == 0x40400000u);
  CHECK(filled(DType::bfloat16, 1.0f / 3) == 0x3EABu);
  CHECK(filled(DType::int32, -1) == 0xFFFFFFFFu);
  CHECK(filled(DType::int32, 16777217) == 16777217u);
  CHECK(filled(DType::uint32, 0.0) == 0u);
  CHECK(filled(DType::int16, 2) == 2u);
  CHECK(filled(DType::uint8, 300) == 255u);
  CHECK(filled(DType::int8, -200) == 0x80u);
  CHECK(filled(DType::bool_, 7) == 1u);
  CHECK(filled(DType::float8_e5m2_x4, 0) == 0u);
}

TEST_CASE("memset leaves the rest of the storage alone") {
  Bench b;
  const ViewId whole = b.tile({3, 4});
  const ViewId part = b.changed(whole, [](View& v) {
    v.partition = 0;
    v.offset = 1;
    v.layout.shape[0] = 2;
    v.layout.shape[1] = 2;
    v.layout.stride[1] = 2;
  });
  b.run(Memset{.dst = part, .value = 1});
  CHECK(b.values(whole) == Values{0, 1, 0, 1, 0, 1, 0, 1, 0, 0, 0, 0});
}

TEST_CASE("tensor_copy keeps every bit between tiles of one type") {
  Bench b;
  const std::vector<Bits> odd_bits{16777217u, 0x7FC00001u, 0xFF800001u, 0x80000000u};
  for (DType dtype : {DType::int32, DType::uint32, DType::float32, DType::float8_e4m3fn_x4}) {
    CAPTURE(name_of(dtype));
    const ViewId src = b.bits_tile({2, 2}, dtype, odd_bits), dst = b.tile({2, 2}, dtype);
    b.run(TensorCopy{.dst = dst, .src = src});
    CHECK(b.bits(dst) == odd_bits);
  }
}

TEST_CASE("tensor_copy goes by way of float32 between types") {
  Bench b;
  const ViewId src = b.bits_tile({1, 3}, DType::int32, {16777217u, 0xFFFFFFFFu, 7u});
  const ViewId unsigned_dst = b.tile({1, 3}, DType::uint32), half = b.tile({1, 3}, DType::bfloat16);
  b.run(TensorCopy{.dst = unsigned_dst, .src = src});
  CHECK(b.bits(unsigned_dst) == std::vector<Bits>{16777216u, 0u, 7u});
  b.run(TensorCopy{.dst = half, .src = src, .engine = Engine::scalar});
  CHECK(b.values(half) == Values{16777216, -1, 7});
}

TEST_CASE("tensor_copy follows strides and splits dimensions freely") {
  Bench b;
  const ViewId src = b.tile({2, 6}, DType::float32, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
  const ViewId swapped = b.changed(src, [](View& v) {  // [2, 3, 2] with the last two exchanged
    v.layout.rank = 3;
    v.layout.shape[1] = 3;
    v.layout.stride[1] = 1;
    v.layout.shape[2] = 2;
    v.layout.stride[2] = 3;
  });
  const ViewId dst = b.tile({2, 6});
  b.run(TensorCopy{.dst = dst, .src = swapped});
  CHECK(b.values(dst) == Values{0, 3, 1, 4, 2, 5, 6, 9, 7, 10, 8, 11});
}

TEST_CASE("tensor_copy_predicated writes where the predicate says") {
  Bench b;
  const Values old{1, 2, 3, 4}, fresh{-1, -2, -3, nan};
  const ViewId src = b.tile({2, 2}, DType::float32, fresh);
  for (DType dtype : {DType::uint8, DType::uint16, DType::uint32}) {
    CAPTURE(name_of(dtype));
    const ViewId predicate = b.tile({2, 2}, dtype, {0, 1, 200, 0});
    const ViewId dst = b.tile({2, 2}, DType::float32, old);
    b.run(TensorCopyPredicated{.dst = dst, .src = src, .predicate = predicate});
    CHECK(b.values(dst) == Values{1, -2, -3, 4});
  }
  const ViewId predicate = b.tile({2, 2}, DType::uint8, {0, 1, 0, 1});
  const ViewId dst = b.tile({2, 2}, DType::int16, old);
  b.run(
      TensorCopyPredicated{.dst = dst, .src = -9.5f, .predicate = predicate, .reverse_pred = true});
  CHECK(b.values(dst) == Values{-10, 2, -10, 4});
}

TEST_CASE("reciprocal divides 1 by each element") {
  Bench b;
  const ViewId data = b.tile({2, 2}, DType::float32, {3, -4, 0, inf}), dst = b.tile({2, 2});
  b.run(Reciprocal{.dst = dst, .data = data});
  CHECK(b.values(dst) == Values{1.0f / 3.0f, -0.25f, inf, 0});
  const ViewId half = b.tile({2, 2}, DType::bfloat16);
  b.run(Reciprocal{.dst = half, .data = data});
  CHECK(b.bits(half) == std::vector<Bits>{0x3EAB, 0xBE80, 0x7F80, 0});
}

TEST_CASE("tensor_scalar applies two operators with one operand value per partition") {
  Bench b;
  const ViewId data = b.tile({2, 3}, DType::float32, {1, 2, 3, 4, 5, 6}), dst = b.tile({2, 3});
  const ViewId column = b.tile({2, 1}, DType::float32, {10, 100});
  SUBCASE("column, then constant") {
    b.run(TensorScalar{.dst = dst,
                       .data = data,
                       .op0 = AluOp::multiply,
                       .operand0 = column,
                       .op1 = AluOp::subtract,
                       .operand1 = 1});
    CHECK(b.values(dst) == Values{9, 19, 29, 399, 499, 599});
  }
  SUBCASE("both reversed") {
    b.run(TensorScalar{.dst = dst,
                       .data = data,
                       .op0 = AluOp::subtract,
                       .operand0 = column,
                       .reverse0 = true,
                       .op1 = AluOp::subtract,
                       .operand1 = 72.0f,
                       .reverse1 = true});
    CHECK(b.values(dst) == Values{63, 64, 65, -24, -23, -22});
  }
  SUBCASE("the first stage left out") {
    b.run(TensorScalar{.dst = dst, .data = data, .op1 = AluOp::minimum, .operand1 = 3.5});
    CHECK(b.values(dst) == Values{1, 2, 3, 3.5, 3.5, 3.5});
  }
  SUBCASE("unary operators take no operand, or 0") {
    b.run(TensorScalar{.dst = dst,
                       .data = data,
                       .op0 = AluOp::abs,
                       .reverse0 = true,
                       .op1 = AluOp::reciprocal,
                       .operand1 = 0});
    CHECK(b.values(dst) == Values{1, 1 / 2.0f, 1 / 3.0f, 1 / 4.0f, 1 / 5.0f, 1 / 6.0f});
  }
  SUBCASE("in place, with an operand from dst itself") {
    const ViewId first = b.changed(data, [](View& v) { v.layout.shape[1] = 1; });
    b.run(TensorScalar{.dst = data, .data = data, .op0 = AluOp::add, .operand0 = first});
    CHECK(b.values(data) == Values{2, 3, 4, 8, 9, 10});
  }
}

TEST_CASE("tensor_scalar computes in float32 whatever the types, and keeps it between the stages") {
  Bench b;
  const ViewId ints = b.bits_tile({1, 2}, DType::int32, {16777217u, 5u});
  b.run(TensorScalar{.dst = ints, .data = ints, .op0 = AluOp::add, .operand0 = 1});
  CHECK(b.bits(ints) == std::vector<Bits>{16777216u, 6u});
  const ViewId bytes = b.tile({1, 2}, DType::uint8, {200, 3});
  b.run(TensorScalar{.dst = bytes,
                     .data = bytes,
                     .op0 = AluOp::multiply,
                     .operand0 = 2.5f,
                     .op1 = AluOp::subtract,
                     .operand1 = 300});
  CHECK(b.values(bytes) == Values{200, 0});
}

TEST_CASE("tensor_scalar applies bitvec operators to bit patterns") {
  Bench b;
  const ViewId data = b.bits_tile({2, 2}, DType::uint32, {0xABCD1234u, 0x80000001u, 0x0F0Fu, 1u});
  const ViewId dst = b.tile({2, 2}, DType::uint32);
  SUBCASE("shift, then mask") {
    b.run(TensorScalar{.dst = dst,
                       .data = data,
                       .op0 = AluOp::right_shift,
                       .operand0 = 16,
                       .op1 = AluOp::bitwise_and,
                       .operand1 = 0xFF});
    CHECK(b.bits(dst) == std::vector<Bits>{0xCDu, 0u, 0u, 0u});
  }
  SUBCASE("constants and columns are 32-bit patterns") {
    const ViewId column = b.bits_tile({2, 1}, DType::int32, {0xFFFF0000u, 0x0000FFFFu});
    b.run(TensorScalar{.dst = dst,
                       .data = data,
                       .op0 = AluOp::bitwise_xor,
                       .operand0 = 0xF0000000u,
                       .op1 = AluOp::bitwise_and,
                       .operand1 = column});
    CHECK(b.bits(dst) == std::vector<Bits>{0x5BCD0000u, 0x70000000u, 0x0F0Fu, 1u});
  }
  SUBCASE("reversed shift, float constant with an integer value, no sign extension") {
    const ViewId bytes = b.bits_tile({1, 3}, DType::int8, {0, 3, 0xFF});
    const ViewId wide = b.tile({1, 3}, DType::int32);
    b.run(TensorScalar{
        .dst = wide, .data = bytes, .op0 = AluOp::left_shift, .operand0 = 5.0f, .reverse0 = true});
    CHECK(b.bits(wide) == std::vector<Bits>{5u, 40u, 0u});
    b.run(TensorScalar{.dst = wide, .data = bytes, .op0 = AluOp::invert});
    CHECK(b.bits(wide) == std::vector<Bits>{~0u, ~3u, ~0xFFu});
  }
}

TEST_CASE("scalar_tensor_tensor combines a scalar stage with a tensor stage") {
  Bench b;
  const ViewId data = b.tile({2, 2}, DType::bfloat16, {1, 2, 3, 4});
  const ViewId other = b.tile({2, 2}, DType::float32, {10, 20, 30, 40});
  const ViewId column = b.tile({2, 1}, DType::float32, {2, 3}), dst = b.tile({2, 2});
  b.run(ScalarTensorTensor{.dst = dst,
                           .data = data,
                           .op0 = AluOp::multiply,
                           .operand0 = column,
                           .op1 = AluOp::subtract,
                           .operand1 = other});
  CHECK(b.values(dst) == Values{-8, -16, -21, -28});
  b.run(ScalarTensorTensor{.dst = dst,
                           .data = data,
                           .op0 = AluOp::subtract,
                           .operand0 = 100,
                           .op1 = AluOp::subtract,
                           .operand1 = other,
                           .reverse0 = true,
                           .reverse1 = true});
  CHECK(b.values(dst) == Values{10 - 99, 20 - 98, 30 - 97, 40 - 96});
}

TEST_CASE("tensor_reduce adds strictly from left to right") {
  Bench b;
  const ViewId data = b.tile({1, 4}, DType::float32, {1e8f, 1, -1e8f, 1}), one = b.tile({1, 1});
  b.run(TensorReduce{.dst = one, .op = AluOp::add, .data = data, .axis = {1}});
  CHECK(b.values(one) == Values{1});

  const unsigned seed = std::random_device{}();
  CAPTURE(seed);
  const Values values = random_values(4 * 1000, seed);
  const ViewId large = b.tile({4, 10, 100}, DType::float32, values), sums = b.tile({4, 1});
  b.run(TensorReduce{.dst = sums, .op = AluOp::add, .data = large, .axis = {1, 2}});
  Values expected;
  for (size_t p = 0; p < 4; ++p) {
    float sum = values[p * 1000];
    for (size_t i = 1; i < 1000; ++i) sum += values[p * 1000 + i];
    expected.push_back(sum);
  }
  CHECK(b.values(sums) == expected);
}

TEST_CASE("tensor_reduce keeps the dimensions it does not reduce") {
  Bench b;
  Values values(2 * 2 * 3 * 2);
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
  const ViewId data = b.tile({2, 2, 3, 2}, DType::bfloat16, values);
  const ViewId two = b.tile({2, 2}), six = b.tile({2, 2, 3, 1});
  b.run(TensorReduce{.dst = two, .op = AluOp::maximum, .data = data, .axis = {2, 3}});
  CHECK(b.values(two) == Values{5, 11, 17, 23});
  b.run(TensorReduce{.dst = two, .op = AluOp::add, .data = data, .axis = {2, 3}, .negate = true});
  CHECK(b.values(two) == Values{-15, -51, -87, -123});
  b.run(
      TensorReduce{.dst = six, .op = AluOp::subtract, .data = data, .axis = {3}, .keepdims = true});
  CHECK(b.values(six) == Values(12, -1.0f));
}

TEST_CASE("tensor_reduce with the other operators") {
  Bench b;
  const auto reduced = [&](AluOp op, const Values& row) {
    const ViewId data = b.tile({1, static_cast<int64_t>(row.size())}, DType::float32, row);
    const ViewId dst = b.tile({1, 1});
    b.run(TensorReduce{.dst = dst, .op = op, .data = data, .axis = {1}});
    return b.values(dst)[0];
  };
  CHECK(reduced(AluOp::multiply, {2, 3, -4}) == -24);
  CHECK(reduced(AluOp::subtract, {10, 3, 4}) == 3);
  CHECK(reduced(AluOp::minimum, {2, -3, 4}) == -3);
  CHECK(reduced(AluOp::maximum, {2, 7, -3}) == 7);
  CHECK(std::isnan(reduced(AluOp::maximum, {nan, -3, 2})));
  CHECK(std::isnan(reduced(AluOp::minimum, {2, -3, nan})));
  CHECK(std::isnan(reduced(AluOp::add, {1, nan, 2})));
  CHECK(reduced(AluOp::logical_and, {5, 3}) == 1);
  CHECK(reduced(AluOp::logical_and, {5, 0, 3}) == 0);
  CHECK(reduced(AluOp::logical_or, {5}) == 1);
  CHECK(reduced(AluOp::logical_xor, {5, 3, 2}) == 1);

  const ViewId bits = b.bits_tile({1, 3}, DType::int32, {0xFF00FF01u, 0x0FFFFF01u, 0xFFF0FF03u});
  const ViewId dst = b.tile({1, 1}, DType::int32);
  b.run(TensorReduce{.dst = dst, .op = AluOp::bitwise_and, .data = bits, .axis = {1}});
  CHECK(b.bits(dst) == std::vector<Bits>{0x0F00FF01u});
  b.run(TensorReduce{.dst = dst, .op = AluOp::bitwise_xor, .data = bits, .axis = {1}});
  CHECK(b.bits(dst) == std::vector<Bits>{0xFF00FF01u ^ 0x0FFFFF01u ^ 0xFFF0FF03u});
}

TEST_CASE("tensor_tensor_scan carries a float32 state along each partition") {
  Bench b;
  const ViewId decay = b.tile({2, 4}, DType::float32, {1, 1, 1, 1, 0.5f, 0.5f, 0.5f, 0.5f});
  const ViewId input = b.tile({2, 4}, DType::float32, {1, 2, 3, 4, 1, 2, 3, 4});
  const ViewId start = b.tile({2, 1}, DType::float32, {0, 8}), dst = b.tile({2, 4});
  b.run(TensorTensorScan{.dst = dst,
                         .data0 = decay,
                         .data1 = input,
                         .initial = start,
                         .op0 = AluOp::multiply,
                         .op1 = AluOp::add});
  CHECK(b.values(dst) == Values{1, 3, 6, 10, 5, 4.5f, 5.25f, 6.625f});
  b.run(TensorTensorScan{.dst = dst,
                         .data0 = decay,
                         .data1 = input,
                         .initial = 3.0f,
                         .op0 = AluOp::subtract,
                         .op1 = AluOp::subtract,
                         .reverse0 = true,
                         .reverse1 = true});
  // state = data1 - (state - data0)
  CHECK(b.values(dst) == Values{-1, 4, 0, 5, -1.5f, 4, -0.5f, 5});

  const ViewId ones = b.tile({1, 300}, DType::float32, Values(300, 1.0f));
  const ViewId half = b.tile({1, 300}, DType::bfloat16);
  b.run(TensorTensorScan{.dst = half,
                         .data0 = ones,
                         .data1 = ones,
                         .initial = 0,
                         .op0 = AluOp::multiply,
                         .op1 = AluOp::add});
  CHECK(b.values(half)[299] == 300);  // a bfloat16 state would stop at 256
}

TEST_CASE("bn_stats describes even and odd elements") {
  Bench b;
  const ViewId data = b.tile({2, 5}, DType::float32, {1, 10, 3, 20, 8, 2, 5, 2, 5, 2});
  const ViewId dst = b.tile({2, 6});
  b.run(BnStats{.dst = dst, .data = data});
  CHECK(b.values(dst) == Values{3, 4, 9 + 1 + 16, 2, 15, 25 + 25, 3, 2, 0, 2, 5, 0});
  const ViewId one = b.tile({1, 1}, DType::bfloat16, {7}), stats = b.tile({1, 6}, DType::bfloat16);
  b.run(BnStats{.dst = stats, .data = one});
  CHECK(b.values(stats) == Values{1, 7, 0, 0, 0, 0});
}

TEST_CASE("bn_aggr merges the statistics of several tiles") {
  Bench b;
  const unsigned seed = std::random_device{}();
  CAPTURE(seed);
  const Values values = random_values(2 * 700, seed);
  const ViewId data = b.tile({2, 700}, DType::float32, values);
  const ViewId stats = b.tile({2, 12}), dst = b.tile({2, 2});
  const auto part = [](int64_t offset, int64_t size) {
    return [=](View& v) {
      v.offset = offset;
      v.layout.shape[1] = size;
    };
  };
  b.run(BnStats{.dst = b.changed(stats, part(0, 6)), .data = b.changed(data, part(0, 511))});
  b.run(BnStats{.dst = b.changed(stats, part(6, 6)), .data = b.changed(data, part(511, 189))});
  b.run(BnAggr{.dst = dst, .data = stats});
  for (size_t p = 0; p < 2; ++p) {
    double sum = 0, squares = 0;
    for (size_t i = 0; i < 700; ++i) sum += values[p * 700 + i];
    for (size_t i = 0; i < 700; ++i) squares += std::pow(values[p * 700 + i] - sum / 700, 2);
    CHECK(b.values(dst)[2 * p] == doctest::Approx(sum / 700).epsilon(1e-5));
    CHECK(b.values(dst)[2 * p + 1] == doctest::Approx(squares / 700).epsilon(1e-5));
  }
}

TEST_CASE("registers load, move and store one element") {
  Bench b;
  const RegisterId r{0}, q{1};
  const auto loaded = [&](DType dtype, Bits bits) {
    b.run(RegisterLoad{.dst = r, .src = b.bits_tile({1, 1}, dtype, {bits})});
    return b.reg(r);
  };
  CHECK(loaded(DType::int32, 0xFFFFFFFDu) == -3);
  CHECK(loaded(DType::int8, 0xFDu) == -3);
  CHECK(loaded(DType::int16, 0xFFFDu) == -3);
  CHECK(loaded(DType::uint8, 0xFDu) == 253);
  CHECK(loaded(DType::uint16, 0xFFFDu) == 65533);
  CHECK(loaded(DType::float32, 0x3F800000u) == 0x3F800000);

  b.run(RegisterMove{.dst = r, .src = -70000});
  b.run(RegisterMove{.dst = q, .src = r});
  CHECK(b.reg(q) == -70000);
  const ViewId word = b.tile({1, 1}, DType::int32), byte = b.tile({1, 2}, DType::uint8);
  b.run(RegisterStore{.dst = word, .src = q});
  CHECK(b.values(word) == Values{-70000});
  const ViewId last = b.changed(byte, [](View& v) {
    v.offset = 1;
    v.layout.shape[1] = 1;
  });
  b.run(RegisterStore{.dst = last, .src = q});
  CHECK(b.bits(byte) == std::vector<Bits>{0, static_cast<uint8_t>(-70000)});
}

}  // namespace
}  // namespace kiln
