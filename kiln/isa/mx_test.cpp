// quantize_mx and nc_matmul_mx: reference meaning and rules. The oracle decodes the number formats
// by their definition in double precision and shares no code with the instructions.
#include <cmath>
#include <limits>
#include <random>

#include "kiln/isa/nc_matmul_mx.h"
#include "kiln/isa/quantize_mx.h"
#include "tests/tile_fixture.h"

// Last, because it has a CHECK of its own.
#include <doctest/doctest.h>

namespace kiln {

namespace {

using Ids = std::vector<std::string_view>;

// A binary format without infinities, as far as these tests go.
struct Oracle {
  int exponent_bits, mantissa_bits, bias;
  int exponent_max;
  double max;

  int bits() const { return 1 + exponent_bits + mantissa_bits; }
  double decode(Bits code) const {
    const Bits mantissa = code & ((1u << mantissa_bits) - 1);
    const Bits exponent = code >> mantissa_bits & ((1u << exponent_bits) - 1);
    const double sign = code >> (exponent_bits + mantissa_bits) ? -1 : 1;
    const double fraction = std::ldexp(mantissa, -mantissa_bits) + (exponent > 0 ? 1 : 0);
    return sign * std::ldexp(fraction, static_cast<int>(exponent > 0 ? exponent : 1) - bias);
  }
  // The code of the nearest value up to max, of two equally near ones that with an even mantissa.
  Bits encode(double value) const {
    const Bits sign = std::signbit(value) ? 1u << (bits() - 1) : 0;
    Bits best = 0;
    for (Bits code = 0; code < 1u << (bits() - 1) && decode(code) <= max; ++code) {
      const double error = std::fabs(std::fabs(value) - decode(code));
      const double best_error = std::fabs(std::fabs(value) - decode(best));
      if (error < best_error || (error == best_error && code % 2 == 0)) best = code;
    }
    return sign | best;
  }
};

Oracle oracle(DType packed) {
  switch (packed) {
    case DType::float8_e5m2_x4:
      return {5, 2, 15, 15, 57344};
    case DType::float8_e4m3fn_x4:
      return {4, 3, 7, 8, 448};
    default:
      return {2, 1, 1, 2, 6};
  }
}

Bits element(DType packed, Bits word, int64_t k) {
  const int bits = oracle(packed).bits();
  return word >> (k * bits) & ((1u << bits) - 1);
}

// [P, F] of src with its quantized tile and scales, which start `offset` partitions into the
// quadrants.
struct Quantization {
  int64_t partitions, words;
  DType packed;
  TileFixture f;
  ViewId src, dst, storage, dst_scale;

  Quantization(int64_t p, int64_t w, DType type, DType from = DType::bfloat16, int offset = 0)
      : partitions(p),
        words(w),
        packed(type),
        src(f.sbuf(from, {p, 4 * w})),
        dst(f.sbuf(type, {p, w})),
        storage(f.sbuf(DType::uint8, {p, w})),
        dst_scale(f.changed(storage, [&](View& view) {
          view.partition += offset;
          view.layout.shape[0] -= offset;
        })) {
    f.fill(storage, [](int64_t) { return 77.0f; });
  }
  QuantizeMx instruction(bool doubled = true) const {
    return {.dst = dst, .src = src, .dst_scale = dst_scale, .doubled_scale = doubled};
  }

  // Compares dst and the storage of dst_scale with the definition.
  void compare(bool doubled, int offset = 0) {
    const Oracle o = oracle(packed);
    const std::vector<float> values = f.get(src);
    const std::vector<Bits> result = f.bits(dst);
    std::vector<Bits> scales(static_cast<size_t>(partitions * words), 77);
    for (int64_t group = 0; group < partitions / 8; ++group) {
      for (int64_t i = 0; i < words; ++i) {
        double largest = 0;
        for (int64_t n = 0; n < 32; ++n) {
          const int64_t at = (group * 8 + n / 4) * words * 4 + i * 4 + n % 4;
          largest = std::fmax(largest, std::fabs(values[static_cast<size_t>(at)]));
        }
        int exponent = -127;
        if (largest > 0) {
          int above = 0;  // largest = [0.5, 1) * 2^above
          std::frexp(largest, &above);
          exponent = std::max(above - 1 - o.exponent_max + (doubled ? 1 : 0), -127);
        }
        const int64_t row = group / 4 * 32 + group % 4 + offset;
        scales[static_cast<size_t>(row * words + i)] = static_cast<Bits>(exponent + 127);
        for (int64_t n = 0; n < 32; ++n) {
          const int64_t p = group * 8 + n / 4, k = n % 4;
          const double value = values[static_cast<size_t>((p * words + i) * 4 + k)];
          REQUIRE(element(packed, result[static_cast<size_t>(p * words + i)], k) ==
                  o.encode(std::ldexp(value, -exponent)));
        }
      }
    }
    CHECK(f.bits(storage) == scales);
  }
};

// stationary [P, rows], moving [P, columns], their scales in full tiles, dst.
struct Multiplication {
  int64_t p, rows, columns;
  DType left, right;
  TileFixture f;
  ViewId dst, stationary, moving, stationary_scale, moving_scale;

  Multiplication(int64_t partitions, int64_t r, int64_t c, DType l, DType m,
                 DType scale = DType::uint8)
      : p(partitions),
        rows(r),
        columns(c),
        left(l),
        right(m),
        dst(f.psum(DType::float32, {r, c})),
        stationary(f.sbuf(l, {p, r})),
        moving(f.sbuf(m, {p, c})),
        stationary_scale(f.sbuf(scale, {p, r})),
        moving_scale(f.sbuf(scale, {p, c})) {
    f.set_bits(stationary_scale, std::vector<Bits>(static_cast<size_t>(p * r), 127));
    f.set_bits(moving_scale, std::vector<Bits>(static_cast<size_t>(p * c), 127));
  }
  NcMatmulMx instruction() const {
    return {.dst = dst,
            .stationary = stationary,
            .moving = moving,
            .stationary_scale = stationary_scale,
            .moving_scale = moving_scale};
  }

  // In double precision.
  std::vector<float> product() {
    const std::vector<Bits> a = f.bits(stationary), b = f.bits(moving),
                            x = f.bits(stationary_scale), y = f.bits(moving_scale);
    const auto value = [](DType packed, const std::vector<Bits>& words,
                          const std::vector<Bits>& scales, int64_t width, int64_t step, int64_t i) {
      const int64_t partition = step / 4;
      const int64_t row = partition / 32 * 32 + partition % 32 / 8;
      const Bits code =
          element(packed, words[static_cast<size_t>(partition * width + i)], step % 4);
      const auto exponent = static_cast<int>(scales[static_cast<size_t>(row * width + i)]) - 127;
      return std::ldexp(oracle(packed).decode(code), exponent);
    };
    std::vector<float> all;
    for (int64_t i = 0; i < rows; ++i) {
      for (int64_t j = 0; j < columns; ++j) {
        double sum = 0;
        for (int64_t step = 0; step < 4 * p; ++step) {
          sum += value(left, a, x, rows, step, i) * value(right, b, y, columns, step, j);
        }
        all.push_back(static_cast<float>(sum));
      }
    }
    return all;
  }
};

// Codes of small values, so that float32 sums of 512 products are exact.
Bits small_word(DType packed, std::mt19937& random) {
  const Oracle o = oracle(packed);
  Bits word = 0;
  for (int k = 0; k < 4; ++k) {
    const double value = static_cast<int>(random() % 9) - 4;
    word |= o.encode(value) << (k * o.bits());
  }
  return word;
}

void fill_words(TileFixture& f, ViewId tile, std::mt19937& random) {
  std::vector<Bits> words = f.bits(tile);
  const DType packed = f.tiles.tile(tile).dtype();
  for (Bits& word : words) word = small_word(packed, random);
  f.set_bits(tile, words);
}

void fill_scales(TileFixture& f, ViewId tile, std::mt19937& random) {
  std::vector<Bits> scales = f.bits(tile);
  for (Bits& scale : scales) scale = static_cast<Bits>(125 + random() % 5);
  f.set_bits(tile, scales);
}

}  // namespace

TEST_CASE("quantize_mx gives each group the scale of its largest value") {
  std::mt19937 random(11);
  std::normal_distribution<float> normal(0, 3);
  for (const DType packed : {DType::float8_e4m3fn_x4, DType::float8_e5m2_x4}) {
    for (const DType from : {DType::bfloat16, DType::float16}) {
      for (const bool doubled : {false, true}) {
        CAPTURE(name_of(packed));
        CAPTURE(name_of(from));
        CAPTURE(doubled);
        Quantization q(64, 5, packed, from);
        // Each row has another size, so that values round, fall below the smallest, or are zero.
        q.f.fill(q.src, [&](int64_t n) {
          return n % 7 == 0 ? 0.0f
                            : normal(random) * std::ldexp(1.0f, static_cast<int>(n % 23) - 18);
        });
        CHECK(q.f.problems(q.instruction(doubled), Generation::gen4) == no_problems);
        q.instruction(doubled).execute(q.f.memory());
        q.compare(doubled);
      }
    }
  }
}

TEST_CASE("quantize_mx leaves room for the largest value in NKI 0.6 and limits it in NKI 0.3") {
  // 1.96875 * 2^8 is beyond 448: with the smaller scale of 2^0 it is limited, else it rounds up.
  const QuantizeMx newest = in_release(QuantizeMx{}, Compat::nki_0_6);
  const QuantizeMx older = in_release(QuantizeMx{}, Compat::nki_0_3);
  for (const auto& [release, scale, value] :
       {std::tuple(older, 127u, 448.0), std::tuple(newest, 128u, 256.0)}) {
    Quantization q(32, 1, DType::float8_e4m3fn_x4);
    q.f.fill(q.src, [](int64_t n) { return n == 0 ? 504.0f : 1.0f; });
    q.instruction(release.doubled_scale).execute(q.f.memory());
    q.compare(release.doubled_scale);
    CHECK(q.f.bits(q.dst_scale)[0] == scale);
    const Bits code = element(q.packed, q.f.bits(q.dst)[0], 0);
    CHECK(oracle(q.packed).decode(code) == value);
  }
}

TEST_CASE("quantize_mx of zeros, of the smallest values, of infinity and NaN") {
  Quantization q(32, 4, DType::float8_e5m2_x4);
  const float infinity = std::numeric_limits<float>::infinity();
  const float values[] = {0, 0x1p-133f, -infinity, std::nanf("")};
  q.f.fill(q.src, [&](int64_t n) { return n < 16 ? values[n / 4] : 0.0f; });
  q.instruction().execute(q.f.memory());
  const std::vector<Bits> scales = q.f.bits(q.dst_scale);
  const Bits beyond = 127 + 128 - 14;
  CHECK(std::vector<Bits>(scales.begin(), scales.begin() + 4) ==
        std::vector<Bits>{0, 0, beyond, beyond});
  const std::vector<Bits> words = q.f.bits(q.dst);
  CHECK(words[0] == 0);
  CHECK(oracle(q.packed).decode(element(q.packed, words[1], 0)) == 0x1p-6);
  CHECK(oracle(q.packed).decode(element(q.packed, words[2], 0)) == -57344);
  CHECK((element(q.packed, words[3], 0) & 0x7F) > 0x7C);
}

TEST_CASE("quantize_mx writes scales to their quadrants, at the tile's offset in them") {
  for (const int64_t partitions : {32, 64, 96, 128}) {
    for (const int offset : {0, 4, 8, 12}) {
      Quantization q(partitions, 3, DType::float8_e4m3fn_x4, DType::bfloat16, offset);
      q.f.fill(q.src, [](int64_t n) { return static_cast<float>(n % 251); });
      CHECK(q.f.problems(q.instruction(), Generation::gen4) == no_problems);
      q.instruction().execute(q.f.memory());
      q.compare(true, offset);
    }
  }
}

TEST_CASE("quantize_mx may write over its source") {
  Quantization apart(32, 8, DType::float8_e4m3fn_x4), over(32, 8, DType::float8_e4m3fn_x4);
  const auto value = [](int64_t n) { return static_cast<float>(n % 113) - 50; };
  apart.f.fill(apart.src, value);
  over.f.fill(over.src, value);
  QuantizeMx in_place = over.instruction();
  in_place.dst = over.f.changed(over.src, [](View& view) {
    view.layout.dtype = DType::float8_e4m3fn_x4;
    view.layout.shape[1] /= 4;
  });
  apart.instruction().execute(apart.f.memory());
  in_place.execute(over.f.memory());
  CHECK(over.f.bits(in_place.dst.view) == apart.f.bits(apart.dst));
}

TEST_CASE("quantize_mx rules") {
  Quantization q(64, 4, DType::float8_e4m3fn_x4);
  TileFixture& f = q.f;
  const auto problems = [&](const auto& change) {
    QuantizeMx t = q.instruction();
    change(t);
    return f.problems(t, Generation::gen4);
  };
  const ViewId psum = f.psum(DType::bfloat16, {64, 16}), wide = f.sbuf(DType::float32, {64, 16}),
               fp4 = f.sbuf(DType::float4_e2m1fn_x4, {64, 4}),
               uneven = f.sbuf(DType::bfloat16, {64, 15}),
               longer = f.sbuf(DType::bfloat16, {64, 20}), int8 = f.sbuf(DType::int8, {64, 4}),
               short_scale = f.sbuf(DType::uint8, {35, 4}),
               narrow_scale = f.sbuf(DType::uint8, {64, 3});
  CHECK(problems([&](QuantizeMx& t) { t.src = psum; }) == Ids{"wrong_memory"});
  CHECK(problems([&](QuantizeMx& t) { t.src = wide; }) == Ids{"dtype_mismatch"});
  CHECK(problems([&](QuantizeMx& t) { t.dst = fp4; }) == Ids{"dtype_mismatch"});
  CHECK(problems([&](QuantizeMx& t) { t.dst_scale = int8; }) == Ids{"dtype_mismatch"});
  CHECK(problems([&](QuantizeMx& t) { t.src = uneven; }) == Ids{"size_mismatch"});
  CHECK(problems([&](QuantizeMx& t) { t.src = longer; }) == Ids{"size_mismatch", "size_mismatch"});
  CHECK(problems([&](QuantizeMx& t) { t.dst_scale = narrow_scale; }) == Ids{"size_mismatch"});
  CHECK(problems([&](QuantizeMx& t) { t.dst_scale = short_scale; }) == Ids{"partition_mismatch"});
  for (const auto& [start, expected] :
       {std::pair(2, Ids{"start_partition"}), std::pair(16, Ids{"start_partition"}),
        std::pair(12, Ids{})}) {
    const int first = start;
    CHECK(problems([&](QuantizeMx& t) {
            t.dst_scale = f.changed(q.dst_scale, [&](View& view) {
              view.partition = first;
              view.layout.shape[0] -= first;
            });
          }) == expected);
  }
  Quantization part(48, 4, DType::float8_e4m3fn_x4);
  CHECK(part.f.problems(part.instruction(), Generation::gen4) == Ids{"size_mismatch"});
}

TEST_CASE("nc_matmul_mx multiplies scaled words of every x4 type with every other") {
  std::mt19937 random(5);
  constexpr std::array packed{DType::float8_e5m2_x4, DType::float8_e4m3fn_x4,
                              DType::float4_e2m1fn_x4};
  for (const DType left : packed) {
    for (const DType right : packed) {
      CAPTURE(name_of(left));
      CAPTURE(name_of(right));
      Multiplication t(64, 4, 6, left, right);
      for (const ViewId tile : {t.stationary, t.moving}) fill_words(t.f, tile, random);
      for (const ViewId tile : {t.stationary_scale, t.moving_scale}) fill_scales(t.f, tile, random);
      CHECK(t.f.problems(t.instruction(), Generation::gen4) == no_problems);
      t.instruction().execute(t.f.memory());
      CHECK(t.f.get(t.dst) == t.product());
    }
  }
}

TEST_CASE("nc_matmul_mx takes scales of float8_e8m0fnu, four rows for one quadrant, NaN too") {
  Multiplication t(32, 2, 2, DType::float8_e4m3fn_x4, DType::float8_e4m3fn_x4,
                   DType::float8_e8m0fnu);
  std::mt19937 random(6);
  for (const ViewId tile : {t.stationary, t.moving}) fill_words(t.f, tile, random);
  for (const ViewId tile : {t.stationary_scale, t.moving_scale}) fill_scales(t.f, tile, random);
  NcMatmulMx small = t.instruction();
  small.moving_scale = t.f.changed(t.moving_scale, [](View& view) { view.layout.shape[0] = 4; });
  CHECK(t.f.problems(small, Generation::gen4) == no_problems);
  small.execute(t.f.memory());
  const std::vector<float> product = t.product();
  CHECK(t.f.get(t.dst) == product);

  std::vector<Bits> scales = t.f.bits(t.stationary_scale);
  scales[1] = 0xFF;
  t.f.set_bits(t.stationary_scale, scales);
  small.accumulate = Tristate::no;
  small.execute(t.f.memory());
  CHECK(t.f.get(t.dst)[0] == product[0]);
  CHECK(std::isnan(t.f.get(t.dst)[2]));
}

TEST_CASE("nc_matmul_mx adds in float32 along a word, then along the partitions") {
  // Of e5m2 codes: 2^15, 1 and -2^15. 2^15 * 2^15 + 1 is 2^30 in float32.
  const Oracle o = oracle(DType::float8_e5m2_x4);
  const auto word = [&](double a, double b, double c, double d) {
    return o.encode(a) | o.encode(b) << 8 | o.encode(c) << 16 | o.encode(d) << 24;
  };
  const double large = 32768;
  const auto result = [&](Bits first, Bits second) {
    Multiplication t(32, 2, 1, DType::float8_e5m2_x4, DType::float8_e5m2_x4);
    std::vector<Bits> left(64, 0), right(32, 0);
    left[0] = first;
    left[2] = second;
    right[0] = right[1] = word(large, 1, large, 1);
    t.f.set_bits(t.stationary, left);
    t.f.set_bits(t.moving, right);
    t.instruction().execute(t.f.memory());
    return t.f.get(t.dst)[0];
  };
  CHECK(result(word(large, 1, -large, 1), 0) == 1);
  CHECK(result(word(large, 1, 0, 1), word(0, 0, -large, 1)) == 1);
  CHECK(result(word(large, 0, -large, 1), word(0, 1, 0, 0)) == 2);
}

TEST_CASE("nc_matmul_mx accumulates as nc_matmul does, in float32 and in bfloat16") {
  Multiplication t(32, 2, 3, DType::float4_e2m1fn_x4, DType::float8_e4m3fn_x4);
  std::mt19937 random(7);
  for (const ViewId tile : {t.stationary, t.moving}) fill_words(t.f, tile, random);
  std::vector<float> once = t.product(), twice = once;
  for (float& value : twice) value *= 2;
  NcMatmulMx matmul = t.instruction();
  matmul.execute(t.f.memory());
  CHECK(t.f.get(t.dst) == once);
  matmul.execute(t.f.memory());
  CHECK(t.f.get(t.dst) == twice);
  matmul.accumulate = Tristate::no;
  matmul.execute(t.f.memory());
  CHECK(t.f.get(t.dst) == once);

  matmul.dst = t.f.psum(DType::bfloat16, {2, 3});
  matmul.accumulate = Tristate::yes;
  t.f.fill(matmul.dst.view, [](int64_t) { return 64.0f; });
  CHECK(t.f.problems(matmul, Generation::gen4) == no_problems);
  matmul.execute(t.f.memory());
  std::vector<float> rounded;
  for (const float value : once) {
    rounded.push_back(to_float32(DType::bfloat16, from_float32(DType::bfloat16, value + 64)));
  }
  CHECK(t.f.get(matmul.dst.view) == rounded);
}

TEST_CASE("nc_matmul_mx rules") {
  using enum DType;
  Multiplication t(64, 4, 6, float8_e4m3fn_x4, float4_e2m1fn_x4);
  TileFixture& f = t.f;
  const auto problems = [&](const auto& change) {
    NcMatmulMx matmul = t.instruction();
    change(matmul);
    return f.problems(matmul, Generation::gen4);
  };
  const ViewId sbuf = f.sbuf(float32, {4, 6}), half = f.psum(float16, {4, 6}),
               plain = f.sbuf(float8_e4m3fn, {64, 6}), fewer = f.sbuf(float4_e2m1fn_x4, {32, 6}),
               odd = f.sbuf(float8_e4m3fn_x4, {64, 3}), odd_scale = f.sbuf(uint8, {64, 3}),
               odd_dst = f.psum(float32, {3, 6}), small_scale = f.sbuf(uint8, {8, 6});
  CHECK(problems([&](NcMatmulMx& m) { m.dst = sbuf; }) == Ids{"wrong_memory"});
  CHECK(problems([&](NcMatmulMx& m) { m.dst = half; }) == Ids{"dtype_mismatch"});
  CHECK(problems([&](NcMatmulMx& m) { m.moving = plain; }) == Ids{"dtype_mismatch"});
  CHECK(problems([&](NcMatmulMx& m) { m.moving = fewer; }) == Ids{"partition_mismatch"});
  CHECK(problems([&](NcMatmulMx& m) { m.moving_scale = small_scale; }) ==
        Ids{"partition_mismatch"});
  CHECK(problems([&](NcMatmulMx& m) { m.moving_scale = odd_scale; }) == Ids{"size_mismatch"});
  CHECK(problems([&](NcMatmulMx& m) { m.dst = odd_dst; }) == Ids{"size_mismatch"});
  CHECK(problems([&](NcMatmulMx& m) {
          m.stationary = odd;
          m.stationary_scale = odd_scale;
          m.dst = odd_dst;
        }) == Ids{"size_mismatch"});
  const auto tiled = [&](RowColumn position, RowColumn size) {
    return problems([&](NcMatmulMx& m) {
      m.tile_position = position;
      m.tile_size = size;
    });
  };
  CHECK(tiled({64, 0}, {64, 128}) == Ids{});
  CHECK(tiled({0, 0}, {32, 128}) == Ids{"tile_too_large"});
  CHECK(tiled({0, 64}, {64, 64}) == Ids{"bad_argument"});
  CHECK(tiled({0, 0}, {}) == Ids{"bad_argument"});
}

}  // namespace kiln
