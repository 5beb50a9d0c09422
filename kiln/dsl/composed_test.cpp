// Element-wise functions of several instructions, against the C library in double.
#include "tests/kernel_fixture.h"

#include <cmath>
#include <limits>
#include <numbers>

namespace kiln::dsl {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

// Numbers of all magnitudes up to `largest`, of both signs, and zeros.
Array magnitudes(double largest, uint32_t seed = 1) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> exponent(-12, std::log10(largest));
  return make_array({128, 64}, [&](int64_t i) {
    if (i % 97 == 0) return i % 2 == 0 ? 0.0 : -0.0;
    const double magnitude = std::pow(10.0, exponent(random));
    return i % 2 == 0 ? magnitude : -magnitude;
  });
}

template <class Fn>
Array apply(const Array& x, Fn fn) {
  return evaluate({x}, [&](Tensor a) { return fn(nl::load(a)); });
}

template <class Fn>
void check_function(const Array& x, Fn fn, double (*expected)(double), const Tolerance& tolerance) {
  check_elements(
      apply(x, fn), x.shape, [&](int64_t i) { return expected(x.values[static_cast<size_t>(i)]); },
      tolerance);
}

// Halves, neighbours of integers, and numbers around 2^23 and far beyond.
Array roundings(DType dtype = DType::float32) {
  const double special[] = {0.0,        0.5,  1.5,       2.5,      0.49999997, 0.99999994,
                            1.0000001,  3.7,  8388607.5, 8388608., 4194303.75, 16777216,
                            3221225472, 1e30, 1e-30,     100.25};
  return make_array(
      {16, 32},
      [&](int64_t i) {
        const int64_t pair = i / 64;
        const double x = special[i % 16] + static_cast<double>(pair);
        return i % 32 < 16 ? x : -x;
      },
      dtype);
}

}  // namespace

TEST_CASE("sine, cosine and tangent are accurate far outside [-pi, pi]") {
  const Array x = magnitudes(2e7);
  const auto sin = [](const Tensor& a) { return nl::sin(a); };
  const auto cos = [](const Tensor& a) { return nl::cos(a); };
  check_function(x, sin, [](double v) { return std::sin(v); }, {2e-7, 2e-7});
  check_function(x, cos, [](double v) { return std::cos(v); }, {2e-7, 2e-7});

  const Array moderate = random_array({128, 64}, -50, 50);
  check_function(moderate, sin, [](double v) { return std::sin(v); }, {3e-7, 1e-9});
  // The slope of the tangent magnifies the rounding of the remainder, half an ulp of up to pi / 2.
  const Array tangents = apply(moderate, [](const Tensor& a) { return nl::tan(a); });
  for (size_t i = 0; i < tangents.values.size(); ++i) {
    const double expected = std::tan(moderate.values[i]);
    const double slack = 1.2e-7 * (1 + expected * expected) + 5e-7 * std::fabs(expected);
    CAPTURE(moderate.values[i]);
    CHECK(std::fabs(tangents.values[i] - expected) <= slack);
  }
}

TEST_CASE("sine and tangent near multiples of pi, cosine near its zeros") {
  const Array zeros =
      make_array({8, 16}, [](int64_t i) { return static_cast<double>(i - 64) * std::numbers::pi; });
  check_function(
      zeros, [](const Tensor& a) { return nl::sin(a); }, [](double v) { return std::sin(v); },
      {2e-6, 0});
  check_function(
      zeros, [](const Tensor& a) { return nl::tan(a); }, [](double v) { return std::tan(v); },
      {2e-6, 0});
  const Array quarters =
      make_array({1, 2}, [](int64_t i) { return (i == 0 ? 1 : -1) * std::numbers::pi / 2; });
  check_function(
      quarters, [](const Tensor& a) { return nl::cos(a); }, [](double v) { return std::cos(v); },
      {1e-6, 0});
}

TEST_CASE("sine and cosine of what has none, and of numbers without meaning") {
  const Array x = make_array({1, 4}, [](int64_t i) {
    const double values[] = {infinity, -infinity, nan, 0};
    return values[i];
  });
  const Array sines = apply(x, [](const Tensor& a) { return nl::sin(a); });
  for (size_t i = 0; i < 3; ++i) CHECK(std::isnan(sines.values[i]));
  CHECK(sines.values[3] == 0);
  const Array huge = apply(magnitudes(1e38), [](const Tensor& a) { return nl::cos(a); });
  for (const double v : huge.values) CHECK(std::fabs(v) <= 1);
}

TEST_CASE("sine of other types, and into other types") {
  const Array x = random_array({32, 32}, -20, 20, DType::bfloat16);
  const Array same = apply(x, [](const Tensor& a) { return nl::sin(a); });
  CHECK(same.dtype == DType::bfloat16);
  check_elements(same, x.shape,
                 [&](int64_t i) { return std::sin(x.values[static_cast<size_t>(i)]); },
                 {.relative = 0.004, .absolute = 1e-3});
  const Array wide = apply(x, [](const Tensor& a) { return nl::sin(a, nl::float32); });
  check_elements(wide, x.shape,
                 [&](int64_t i) { return std::sin(x.values[static_cast<size_t>(i)]); },
                 {2e-7, 2e-7});
}

TEST_CASE("floor, ceil and trunc, wherever float32 has fractions and beyond") {
  for (const DType dtype : {DType::float32, DType::bfloat16, DType::float16}) {
    CAPTURE(name_of(dtype));
    const Array x = roundings(dtype);
    check_function(
        x, [](const Tensor& a) { return nl::floor(a); }, [](double v) { return std::floor(v); },
        exactly);
    check_function(
        x, [](const Tensor& a) { return nl::ceil(a); }, [](double v) { return std::ceil(v); },
        exactly);
    check_function(
        x, [](const Tensor& a) { return nl::trunc(a); }, [](double v) { return std::trunc(v); },
        exactly);
  }
  const Array odd = make_array({1, 3}, [](int64_t i) {
    const double values[] = {infinity, -infinity, nan};
    return values[i];
  });
  check_function(
      odd, [](const Tensor& a) { return nl::floor(a); }, [](double v) { return std::floor(v); },
      exactly);
  const Array integers = make_array(
      {4, 4}, [](int64_t i) { return static_cast<double>(16777217 - 7 * i); }, DType::int32);
  check_function(
      integers, [](const Tensor& a) { return nl::floor(a); }, [](double v) { return v; }, exactly);
  const Array x = roundings();
  const Array converted = apply(x, [](const Tensor& a) { return nl::floor(a, nl::int32); });
  CHECK(converted.dtype == DType::int32);
  check_elements(
      converted, x.shape,
      [&](int64_t i) {
        return std::clamp(std::floor(x.values[static_cast<size_t>(i)]), -2147483648.0,
                          2147483647.0);
      },
      exactly);
}

TEST_CASE("divisions and remainders, which no engine has") {
  const Array x = random_array({16, 16}, 1, 2);
  using Problems = std::vector<std::string>;
  const auto of = [&](auto fn) { return problems({x}, [&](Tensor a) { return fn(nl::load(a)); }); };
  const std::string remainder = ": no engine has it; take x - y * nl.floor(x * nl.reciprocal(y))";
  CHECK(of([](const Tensor& a) { return nl::fmod(a, a); }) ==
        Problems{"bad_operator: fmod" + remainder});
  CHECK(of([](const Tensor& a) { return nl::mod(a, 7); }) ==
        Problems{"bad_operator: mod" + remainder});
  const std::string divide = " is divide, which no engine has; multiply by the reciprocal";
  CHECK(of([](const Tensor& a) { return nl::divide(a, a); }) ==
        Problems{"bad_operator: tensor_tensor: op" + divide});
  CHECK(of([](const Tensor& a) { return nl::divide(1, a); }) ==
        Problems{"bad_operator: tensor_scalar: op0" + divide});
}

TEST_CASE("wrong operands of composed functions") {
  const Array x = random_array({16, 16}, 0, 1);
  using Problems = std::vector<std::string>;
  CHECK(problems({x}, [](Tensor a) { return nl::sin(a); }) ==
        Problems{"wrong_memory: sin: x is in shared_hbm; it must be in sbuf or psum"});
}

}  // namespace kiln::dsl
