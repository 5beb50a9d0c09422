// Reductions and normalisations, against sums in double.
#include "tests/kernel_fixture.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace kiln::dsl {

namespace {

using Problems = std::vector<std::string>;
using Reduce = std::function<double(const double* first, int64_t count)>;

template <class Fn>
Array apply(const Array& x, Fn fn) {
  return evaluate({x}, [&](Tensor a) { return fn(nl::load(a)); });
}

// Each `count` neighbours of x reduced.
std::function<double(int64_t)> groups(const Array& x, int64_t count, const Reduce& reduce) {
  return [&x, count, reduce](int64_t i) {
    return reduce(&x.values[static_cast<size_t>(i * count)], count);
  };
}

double sum_of(const double* x, int64_t n) {
  double total = 0;
  for (int64_t i = 0; i < n; ++i) total += x[i];
  return total;
}
double mean_of(const double* x, int64_t n) { return sum_of(x, n) / static_cast<double>(n); }
double variance_of(const double* x, int64_t n) {
  const double mean = mean_of(x, n);
  double total = 0;
  for (int64_t i = 0; i < n; ++i) total += (x[i] - mean) * (x[i] - mean);
  return total / static_cast<double>(n);
}
double product_of(const double* x, int64_t n) {
  double total = 1;
  for (int64_t i = 0; i < n; ++i) total *= x[i];
  return total;
}
double max_of(const double* x, int64_t n) { return *std::max_element(x, x + n); }
double min_of(const double* x, int64_t n) { return *std::min_element(x, x + n); }

// exp(x[i]) / sum exp(x) over the group of i.
std::function<double(int64_t)> softmax_of(const Array& x, int64_t count) {
  return [&x, count](int64_t i) {
    const double* group = &x.values[static_cast<size_t>(i / count * count)];
    const double largest = max_of(group, count);
    double total = 0;
    for (int64_t j = 0; j < count; ++j) total += std::exp(group[j] - largest);
    return std::exp(x.values[static_cast<size_t>(i)] - largest) / total;
  };
}

std::function<double(int64_t)> rms_of(const Array& x, int64_t count, int64_t n, double epsilon) {
  return [&x, count, n, epsilon](int64_t i) {
    const double* group = &x.values[static_cast<size_t>(i / count * count)];
    double total = 0;
    for (int64_t j = 0; j < count; ++j) total += group[j] * group[j];
    return x.values[static_cast<size_t>(i)] / std::sqrt(total / static_cast<double>(n) + epsilon);
  };
}

constexpr Tolerance sums{.relative = 1e-5, .absolute = 1e-5};

}  // namespace

TEST_CASE("reductions over the last dimensions, with and without keeping them") {
  const Array x = random_array({32, 3, 4, 5}, -2, 2);
  struct Case {
    Tensor (*fn)(const Tensor&, const nl::Axis&, const nl::ReduceOptions&, const CallSite&);
    Reduce expected;
    Tolerance tolerance;
  };
  const Case cases[] = {{nl::sum, sum_of, sums},
                        {nl::prod, product_of, {1e-5, 1e-30}},
                        {nl::max, max_of, exactly},
                        {nl::min, min_of, exactly},
                        {nl::mean, mean_of, sums}};
  for (const Case& c : cases) {
    const auto reduced = [&](const nl::Axis& axis, bool keepdims) {
      return apply(
          x, [&](const Tensor& t) { return c.fn(t, axis, {.keepdims = keepdims}, as_noted); });
    };
    check_elements(reduced(3, false), {32, 3, 4}, groups(x, 5, c.expected), c.tolerance);
    check_elements(reduced(-1, true), {32, 3, 4, 1}, groups(x, 5, c.expected), c.tolerance);
    check_elements(reduced({2, 3}, false), {32, 3}, groups(x, 20, c.expected), c.tolerance);
    check_elements(reduced({-1, 1, 2}, false), {32, 1}, groups(x, 60, c.expected), c.tolerance);
    check_elements(reduced({1, 2, 3}, true), {32, 1, 1, 1}, groups(x, 60, c.expected), c.tolerance);
  }
}

TEST_CASE("the variance keeps its dimensions, and its digits where the mean is large") {
  const Array x = random_array({64, 4, 50}, 999, 1001);
  check_elements(apply(x, [](const Tensor& t) { return nl::var(t, 2); }), {64, 4, 1},
                 groups(x, 50, variance_of), {.relative = 2e-3});
  const Array y = random_array({64, 4, 50}, -1, 3);
  check_elements(apply(y, [](const Tensor& t) { return nl::var(t, {1, 2}); }), {64, 1, 1},
                 groups(y, 200, variance_of), {.relative = 3e-6});
}

TEST_CASE("all") {
  const Array x = make_array({16, 8}, [](int64_t i) { return i % 8 == 3 && i < 64 ? 0.0 : 0.5; });
  const Array got = apply(x, [](const Tensor& t) { return nl::all(t, 1, nl::uint8); });
  CHECK(got.dtype == DType::uint8);
  check_elements(got, {16, 1}, [](int64_t i) { return i < 8 ? 0.0 : 1.0; }, exactly);
}

TEST_CASE("reductions of other types add in float32") {
  const Array x = random_array({16, 512}, 0, 1, DType::bfloat16);
  const Array same = apply(x, [](const Tensor& t) { return nl::sum(t, 1); });
  CHECK(same.dtype == DType::bfloat16);
  check_elements(same, {16, 1}, groups(x, 512, sum_of), {.relative = 0.004});
  const Array wide =
      apply(x, [](const Tensor& t) { return nl::sum(t, 1, {.dtype = nl::float32}); });
  check_elements(wide, {16, 1}, groups(x, 512, sum_of), {.relative = 1e-5});
  const Array mean =
      apply(x, [](const Tensor& t) { return nl::mean(t, 1, {.dtype = nl::float32}); });
  check_elements(mean, {16, 1}, groups(x, 512, mean_of), {.relative = 1e-5});
}

TEST_CASE("softmax over all and over some of the free dimensions") {
  const Array x = random_array({64, 6, 30}, -80, 80);
  check_elements(apply(x, [](const Tensor& t) { return nl::softmax(t); }), x.shape,
                 softmax_of(x, 30), {.relative = 5e-6, .absolute = 1e-30});
  check_elements(apply(x, [](const Tensor& t) { return nl::softmax(t, {1, 2}); }), x.shape,
                 softmax_of(x, 180), {.relative = 5e-6, .absolute = 1e-30});
  const Array narrow = random_array({64, 30}, -3, 3, DType::bfloat16);
  const Array got = apply(narrow, [](const Tensor& t) { return nl::softmax(t, -1); });
  CHECK(got.dtype == DType::bfloat16);
  check_elements(got, narrow.shape, softmax_of(narrow, 30), {.relative = 0.004});
}

TEST_CASE("rms_norm, with weights of full size, of one row, and per partition") {
  const Array x = random_array({32, 48}, -3, 3);
  const auto element = rms_of(x, 48, 48, 1e-6);
  for (const Shape& shape : {Shape{32, 48}, Shape{1, 48}, Shape{32, 1}}) {
    const Array w = random_array(shape, 0.5, 1.5, DType::float32, 2);
    const auto weight = [&](int64_t i) {
      const int64_t row = shape[0] == 1 ? 0 : i / 48, column = shape[1] == 1 ? 0 : i % 48;
      return w.values[static_cast<size_t>(row * shape[1] + column)];
    };
    const Array got = evaluate(
        {x, w}, [](Tensor a, Tensor b) { return nl::rms_norm(nl::load(a), nl::load(b), 1, 48); });
    check_elements(got, x.shape, [&](int64_t i) { return element(i) * weight(i); },
                   {.relative = 3e-6});
  }
  const Array cube = random_array({32, 4, 12}, -3, 3);
  const Array ones = make_array({1, 1, 1}, [](int64_t) { return 1.0; });
  const Array got = evaluate({cube, ones}, [](Tensor a, Tensor b) {
    return nl::rms_norm(nl::load(a), nl::load(b), 2, 6,
                        {.epsilon = 0.5, .dtype = nl::bfloat16, .compute_dtype = nl::float32});
  });
  CHECK(got.dtype == DType::bfloat16);
  check_elements(got, cube.shape, rms_of(cube, 12, 6, 0.5), {.relative = 0.004});
}

TEST_CASE("wrong axes") {
  const Array x = random_array({8, 4, 6}, 0, 1);
  const auto of = [&](auto fn) { return problems({x}, [&](Tensor a) { return fn(nl::load(a)); }); };
  CHECK(of([](const Tensor& t) { return nl::sum(t, 3); }) ==
        Problems{"bad_argument: sum: axis is 3; x has 3 dimensions"});
  CHECK(of([](const Tensor& t) { return nl::max(t, 1); }) ==
        Problems{"bad_argument: max: axis is (1); it must be the last dimensions of the 3, without "
                 "dimension 0"});
  CHECK(of([](const Tensor& t) { return nl::softmax(t, {0, 1, 2}); }) ==
        Problems{"bad_argument: softmax: axis is (0, 1, 2); it must be the last dimensions of the "
                 "3, without dimension 0"});
  CHECK(of([](const Tensor& t) { return nl::mean(t, nl::Axis(std::vector<int>{})); }).size() == 1);
  CHECK(of([](const Tensor& t) { return nl::rms_norm(t, t, 2, 0); }) ==
        Problems{"bad_argument: rms_norm: n is 0; it must be 1 or more"});
  CHECK(problems({x}, [](Tensor a) { return nl::sum(a, 2); }) ==
        Problems{"wrong_memory: sum: x is in shared_hbm; it must be in sbuf or psum"});
  CHECK(problems({x}, [](Tensor a) { return nl::rms_norm(nl::load(a), a, 2, 6); }) ==
        Problems{"wrong_memory: rms_norm: w is in shared_hbm; it must be in sbuf or psum"});
}

}  // namespace kiln::dsl
