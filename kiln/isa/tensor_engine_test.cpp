// nc_matmul and nc_transpose: reference meaning and rules.
#include <cmath>
#include <limits>

#include "kiln/isa/nc_matmul.h"
#include "kiln/isa/nc_transpose.h"
#include "tests/tile_fixture.h"

// Last, because it has a CHECK of its own.
#include <doctest/doctest.h>

namespace kiln {

namespace {

using Ids = std::vector<std::string_view>;

// [K, M] and [K, N] operands of small integers, and the product by the schoolbook.
struct Product {
  static constexpr int64_t k = 5, m = 3, n = 4;
  TileFixture f;
  ViewId stationary, moving, dst;
  std::vector<float> expected;

  explicit Product(DType dtype)
      : stationary(f.sbuf(dtype, {k, m})),
        moving(f.sbuf(dtype, {k, n})),
        dst(f.psum(DType::float32, {m, n})) {
    const auto s = [](int64_t row, int64_t column) { return (row * 7 + column * 3) % 5 - 2; };
    const auto v = [](int64_t row, int64_t column) { return (row * 3 + column * 5) % 7 - 3; };
    f.fill(stationary, [&](int64_t i) { return static_cast<float>(s(i / m, i % m)); });
    f.fill(moving, [&](int64_t i) { return static_cast<float>(v(i / n, i % n)); });
    f.fill(dst, [](int64_t) { return std::numeric_limits<float>::quiet_NaN(); });
    for (int64_t row = 0; row < m; ++row) {
      for (int64_t column = 0; column < n; ++column) {
        int64_t sum = 0;
        for (int64_t i = 0; i < k; ++i) sum += s(i, row) * v(i, column);
        expected.push_back(static_cast<float>(sum));
      }
    }
  }
  std::vector<float> times(float factor) const {
    std::vector<float> all = expected;
    for (float& value : all) value *= factor;
    return all;
  }
};

// The sum of s[k] * m[k], by a matmul of one column each.
float dot(const std::vector<float>& s, const std::vector<float>& m) {
  TileFixture f;
  const auto k = static_cast<int64_t>(s.size());
  const ViewId stationary = f.sbuf(DType::float32, {k, 1}), moving = f.sbuf(DType::float32, {k, 1}),
               dst = f.psum(DType::float32, {1, 1});
  f.set(stationary, s);
  f.set(moving, m);
  NcMatmul{.dst = dst, .stationary = stationary, .moving = moving}.execute(f.memory());
  return f.get(dst)[0];
}

}  // namespace

TEST_CASE("nc_matmul multiplies in every floating type") {
  for (const DType dtype : {DType::float32, DType::tfloat32, DType::bfloat16, DType::float16,
                            DType::float8_e4m3, DType::float8_e5m2}) {
    CAPTURE(name_of(dtype));
    Product p(dtype);
    const NcMatmul matmul{.dst = p.dst, .stationary = p.stationary, .moving = p.moving};
    CHECK(p.f.problems(matmul) == no_problems);
    matmul.execute(p.f.memory());
    CHECK(p.f.get(p.dst) == p.expected);
  }
}

TEST_CASE("nc_matmul adds in float32, fused and in the order of the contraction") {
  CHECK(dot({1, 1, 1}, {1e8f, 1, -1e8f}) == 0.0f);
  CHECK(dot({1, 1, 1}, {1e8f, -1e8f, 1}) == 1.0f);
  const float x = 1 + std::ldexp(1.0f, -12);
  CHECK(dot({1, x}, {-1, x}) == std::ldexp(1.0f, -11) + std::ldexp(1.0f, -24));
}

TEST_CASE("nc_matmul overwrites what no matmul has written and accumulates on the rest") {
  Product p(DType::bfloat16);
  NcMatmul matmul{.dst = p.dst, .stationary = p.stationary, .moving = p.moving};
  TileMemory& memory = p.f.memory();
  matmul.execute(memory);
  CHECK(p.f.get(p.dst) == p.expected);
  matmul.execute(memory);
  CHECK(p.f.get(p.dst) == p.times(2));
  matmul.accumulate = Tristate::yes;
  matmul.execute(memory);
  CHECK(p.f.get(p.dst) == p.times(3));
  matmul.accumulate = Tristate::no;
  matmul.execute(memory);
  CHECK(p.f.get(p.dst) == p.expected);
}

TEST_CASE("nc_matmul told to accumulate adds to what is there, whoever wrote it") {
  Product p(DType::bfloat16);
  p.f.fill(p.dst, [](int64_t) { return 100.0f; });
  NcMatmul{
      .dst = p.dst, .stationary = p.stationary, .moving = p.moving, .accumulate = Tristate::yes}
      .execute(p.f.memory());
  std::vector<float> expected = p.expected;
  for (float& value : expected) value += 100;
  CHECK(p.f.get(p.dst) == expected);
}

TEST_CASE("nc_matmul accumulates only on the part of a tile that was written") {
  Product p(DType::bfloat16);
  const auto first_columns = [](View& view) { view.layout.shape[1] = 2; };
  const NcMatmul part{.dst = p.f.changed(p.dst, first_columns),
                      .stationary = p.stationary,
                      .moving = p.f.changed(p.moving, first_columns)};
  const NcMatmul whole{.dst = p.dst, .stationary = p.stationary, .moving = p.moving};
  part.execute(p.f.memory());
  whole.execute(p.f.memory());
  std::vector<float> expected = p.expected;
  for (size_t i = 0; i < expected.size(); ++i) {
    if (i % Product::n < 2) expected[i] *= 2;
  }
  CHECK(p.f.get(p.dst) == expected);
}

TEST_CASE("nc_matmul with double_row contracts over partitions and pairs") {
  TileFixture f;
  const ViewId stationary = f.sbuf(DType::float8_e4m3, {2, 2, 1}),
               moving = f.sbuf(DType::float8_e5m2, {2, 2, 3}), dst = f.psum(DType::float32, {1, 3});
  f.set(stationary, {1, 2, 3, 4});
  f.set(moving, {1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16});
  const NcMatmul matmul{.dst = dst,
                        .stationary = stationary,
                        .moving = moving,
                        .perf_mode = MatmulPerfMode::double_row};
  CHECK(f.problems(matmul) == no_problems);
  CHECK(f.problems(matmul, Generation::gen2) == Ids{"wrong_generation"});
  matmul.execute(f.memory());
  CHECK(f.get(dst) == std::vector<float>{1 + 8 + 21 + 48, 2 + 10 + 24 + 56, 3 + 12 + 30 + 64});

  NcMatmul flat = matmul;
  flat.moving = f.sbuf(DType::float8_e5m2, {2, 6});
  CHECK(f.problems(flat) == Ids{"size_mismatch"});
  NcMatmul tiled = matmul;
  tiled.tile_position = {0, 0};
  tiled.tile_size = {128, 64};
  CHECK(f.problems(tiled) == Ids{"bad_argument"});
  NcMatmul transposing = matmul;
  transposing.is_transpose = true;
  CHECK(f.problems(transposing) == Ids{"bad_argument"});
}

TEST_CASE("nc_matmul rounds a bfloat16 result once, on gen4") {
  TileFixture f;
  const ViewId stationary = f.sbuf(DType::float32, {2, 1}), moving = f.sbuf(DType::float32, {2, 1}),
               dst = f.psum(DType::bfloat16, {1, 1});
  f.set(stationary, {1, 1});
  f.set(moving, {256, 1});
  const NcMatmul matmul{.dst = dst, .stationary = stationary, .moving = moving};
  CHECK(f.problems(matmul, Generation::gen4) == no_problems);
  CHECK(f.problems(matmul) == Ids{"dtype_mismatch"});
  matmul.execute(f.memory());
  CHECK(f.get(dst)[0] == 256.0f);  // 257 lies between 256 and 258
  f.set(moving, {256, 3});
  matmul.execute(f.memory());
  CHECK(f.get(dst)[0] == 516.0f);  // 256 + 259 = 515 lies between 512 and 516
}

TEST_CASE("nc_matmul with is_transpose keeps every bit and is no accumulation") {
  TileFixture f;
  const ViewId data = f.sbuf(DType::bfloat16, {2, 3}), identity = f.sbuf(DType::bfloat16, {2, 2}),
               dst = f.psum(DType::bfloat16, {3, 2});
  f.set_bits(data, {0x7FC1, 0xFF80, 0x0001, 0x3F80, 0x8000, 0x7F80});
  f.set(identity, {1, 0, 0, 1});
  const NcMatmul transpose{
      .dst = dst, .stationary = data, .moving = identity, .is_transpose = true};
  CHECK(f.problems(transpose) == no_problems);
  CHECK(f.problems(transpose, Generation::gen2) == Ids{"wrong_generation"});
  const std::vector<Bits> expected{0x7FC1, 0x3F80, 0xFF80, 0x8000, 0x0001, 0x7F80};
  transpose.execute(f.memory());
  CHECK(f.bits(dst) == expected);
  transpose.execute(f.memory());
  CHECK(f.bits(dst) == expected);

  // A matmul after it is the first one on the tile.
  f.set(data, {1, 2, 3, 4, 5, 6});
  NcMatmul{.dst = dst, .stationary = data, .moving = identity}.execute(f.memory());
  CHECK(f.get(dst) == std::vector<float>{1, 4, 2, 5, 3, 6});

  f.set(identity, {1, 1, 0, 1});
  transpose.execute(f.memory());
  CHECK(f.memory().fault().has_value());
}

TEST_CASE("nc_matmul widens a transpose into a float32 tile") {
  TileFixture f;
  const ViewId data = f.sbuf(DType::float16, {2, 2}), identity = f.sbuf(DType::float16, {2, 2}),
               dst = f.psum(DType::float32, {2, 2});
  f.set(data, {1, 2, 3, 0.5f});
  f.set(identity, {1, 0, 0, 1});
  const NcMatmul transpose{
      .dst = dst, .stationary = data, .moving = identity, .is_transpose = true};
  CHECK(f.problems(transpose, Generation::gen2) == no_problems);
  transpose.execute(f.memory());
  CHECK(f.get(dst) == std::vector<float>{1, 3, 2, 0.5f});
}

TEST_CASE("nc_matmul checks memories, types and shapes") {
  TileFixture f;
  const auto matmul = [](ViewId dst, ViewId stationary, ViewId moving) {
    return NcMatmul{.dst = dst, .stationary = stationary, .moving = moving};
  };
  const ViewId bf16 = f.sbuf(DType::bfloat16, {64, 32}), f32 = f.sbuf(DType::float32, {64, 32}),
               fn = f.sbuf(DType::float8_e4m3fn, {64, 32}),
               e4 = f.sbuf(DType::float8_e4m3, {64, 32}), result = f.psum(DType::float32, {32, 32});
  CHECK(f.problems(matmul(result, bf16, bf16)) == no_problems);
  CHECK(f.problems(matmul(f.sbuf(DType::float32, {32, 32}), bf16, bf16)) == Ids{"wrong_memory"});
  CHECK(f.problems(matmul(result, bf16, f.psum(DType::bfloat16, {64, 32}))) == Ids{"wrong_memory"});
  CHECK(f.problems(matmul(result, bf16, f32)) == Ids{"dtype_mismatch"});
  CHECK(f.problems(matmul(result, f.sbuf(DType::int32, {64, 32}), f32)) == Ids{"dtype_mismatch"});
  CHECK(f.problems(matmul(result, fn, bf16)) == Ids{"wrong_generation"});
  CHECK(f.problems(matmul(result, fn, bf16), Generation::gen4) == no_problems);
  CHECK(f.problems(matmul(result, fn, e4), Generation::gen4) == Ids{"dtype_mismatch"});
  CHECK(f.problems(matmul(f.psum(DType::float16, {32, 32}), bf16, bf16)) == Ids{"dtype_mismatch"});
  CHECK(f.problems(matmul(result, bf16, f.sbuf(DType::bfloat16, {32, 32}))) ==
        Ids{"partition_mismatch"});
  CHECK(f.problems(matmul(f.psum(DType::float32, {32, 16}), bf16, bf16)) == Ids{"size_mismatch"});
}

TEST_CASE("nc_matmul checks sizes and PSUM banks") {
  TileFixture f;
  const ViewId narrow = f.sbuf(DType::bfloat16, {128, 32});
  const auto wide = [&](int64_t columns) {
    return NcMatmul{.dst = f.psum(DType::float32, {32, columns}),
                    .stationary = narrow,
                    .moving = f.sbuf(DType::bfloat16, {128, columns})};
  };
  CHECK(f.problems(wide(512)) == no_problems);
  CHECK(f.problems(wide(513)) == Ids{"tile_too_large", "tile_too_large"});
  CHECK(f.problems(wide(513), Generation::gen4) == no_problems);
  CHECK(f.problems(wide(4097), Generation::gen4) == Ids{"tile_too_large"});

  const ViewId banks = f.psum(DType::float32, {32, 1024});
  NcMatmul matmul = wide(512);
  const auto columns_from = [](int64_t first) {
    return [first](View& view) {
      view.layout.shape[1] = 512;
      view.offset = first;
    };
  };
  matmul.dst = f.changed(banks, columns_from(512));
  CHECK(f.problems(matmul) == no_problems);
  matmul.dst = f.changed(banks, columns_from(100));
  CHECK(f.problems(matmul) == Ids{"tile_too_large"});
}

TEST_CASE("nc_matmul checks tiling of the array") {
  TileFixture f;
  NcMatmul matmul{.dst = f.psum(DType::float32, {32, 8}),
                  .stationary = f.sbuf(DType::bfloat16, {32, 32}),
                  .moving = f.sbuf(DType::bfloat16, {32, 8})};
  const auto tiled = [&](RowColumn position, RowColumn size) {
    matmul.tile_position = position;
    matmul.tile_size = size;
    return matmul;
  };
  CHECK(f.problems(tiled({64, 32}, {64, 32})) == no_problems);
  CHECK(f.problems(tiled({64, 32}, {64, 32}), Generation::gen2) == Ids{"wrong_generation"});
  CHECK(f.problems(tiled({64, 64}, {64, 64}), Generation::gen2) == no_problems);
  CHECK(f.problems(tiled({}, {64, 64})) == Ids{"bad_argument"});
  CHECK(f.problems(tiled({0, 0}, {})) == Ids{"bad_argument"});
  CHECK(f.problems(tiled({32, 0}, {64, 128})) == Ids{"bad_argument"});
  CHECK(f.problems(tiled({0, 0}, {48, 128})) == Ids{"bad_argument"});
  CHECK(f.problems(tiled({0, 128}, {128, 128})) == Ids{"bad_argument"});
  matmul.stationary = f.sbuf(DType::bfloat16, {64, 32});
  matmul.moving = f.sbuf(DType::bfloat16, {64, 8});
  CHECK(f.problems(tiled({0, 0}, {32, 128})) == Ids{"tile_too_large"});
}

TEST_CASE("nc_transpose exchanges partitions and flattened free elements") {
  TileFixture f;
  const ViewId data = f.sbuf(DType::uint16, {2, 2, 3}), dst = f.psum(DType::uint16, {6, 2});
  f.set_bits(data, {1, 2, 3, 4, 5, 6, 0xFFFF, 8, 9, 10, 11, 12});
  const NcTranspose transpose{.dst = dst, .data = data};
  CHECK(transpose.runs_on(f.tiles) == Engine::tensor);
  CHECK(f.problems(transpose) == no_problems);
  CHECK(f.problems(transpose, Generation::gen2) == Ids{"wrong_generation"});
  transpose.execute(f.memory());
  CHECK(f.bits(dst) == std::vector<Bits>{1, 0xFFFF, 2, 8, 3, 9, 4, 10, 5, 11, 6, 12});
}

TEST_CASE("nc_transpose may write its own input") {
  TileFixture f;
  const ViewId data = f.sbuf(DType::float32, {2, 2});
  f.set_bits(data, {1, 0x7FA00001, 3, 4});
  const NcTranspose transpose{.dst = data, .data = data};
  CHECK(transpose.runs_on(f.tiles) == Engine::vector);
  CHECK(f.problems(transpose) == no_problems);
  transpose.execute(f.memory());
  CHECK(f.bits(data) == std::vector<Bits>{1, 3, 0x7FA00001, 4});
}

TEST_CASE("nc_transpose checks engine, type and size") {
  TileFixture f;
  const ViewId data = f.sbuf(DType::float32, {64, 32}), in_psum = f.psum(DType::float32, {32, 64}),
               in_sbuf = f.sbuf(DType::float32, {32, 64});
  CHECK(f.problems(NcTranspose{.dst = in_psum, .data = data}) == no_problems);
  CHECK(f.problems(NcTranspose{.dst = in_sbuf, .data = data}) == Ids{"tile_too_large"});
  CHECK(f.problems(NcTranspose{.dst = in_psum, .data = data, .engine = Engine::vector}) ==
        Ids{"tile_too_large"});
  CHECK(f.problems(NcTranspose{.dst = in_sbuf, .data = data, .engine = Engine::tensor}) ==
        Ids{"wrong_memory"});
  CHECK(f.problems(NcTranspose{.dst = in_psum, .data = data, .engine = Engine::scalar}) ==
        Ids{"wrong_engine"});
  CHECK(f.problems(NcTranspose{.dst = f.psum(DType::bfloat16, {32, 64}), .data = data}) ==
        Ids{"dtype_mismatch"});
  CHECK(f.problems(NcTranspose{.dst = f.psum(DType::float32, {64, 32}), .data = data}) ==
        Ids{"size_mismatch"});
}

}  // namespace kiln
