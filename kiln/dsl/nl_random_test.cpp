// Random numbers of nl: ranges, seeds, memories, generations.
#include <algorithm>
#include <cmath>

#include "tests/kernel_fixture.h"

using namespace kiln;
using namespace kiln::dsl;

namespace {

Tensor seeded(int32_t seed, const Shape& shape, DType dtype, Memory buffer = Memory::sbuf) {
  nl::random_seed(nl::full({1, 1}, seed, nl::int32));
  return nl::rand(shape, dtype, buffer);
}

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double x : values) sum += x;
  return sum / static_cast<double>(values.size());
}

}  // namespace

TEST_CASE("rand is uniform in [0, 1), and the same on every generation") {
  const auto kernel = [] { return seeded(7, {128, 300}, nl::float32); };
  const Array gen2 = evaluate({}, kernel, Generation::gen2);
  const Array gen4 = evaluate({}, kernel, Generation::gen4);
  CHECK(gen2.values == gen4.values);
  CHECK(*std::min_element(gen2.values.begin(), gen2.values.end()) >= 0);
  CHECK(*std::max_element(gen2.values.begin(), gen2.values.end()) < 1);
  CHECK(std::fabs(mean(gen2.values) - 0.5) < 0.01);
  std::vector<double> sorted = gen2.values;
  std::sort(sorted.begin(), sorted.end());
  const auto repeated = sorted.end() - std::unique(sorted.begin(), sorted.end());
  CHECK(repeated < 100);  // 44 are expected among 38400 numbers of 24 bits
}

TEST_CASE("a seed decides the numbers") {
  const auto numbers = [](int32_t seed) {
    return evaluate({}, [=] { return seeded(seed, {4, 8}, nl::bfloat16, nl::psum); }).values;
  };
  CHECK(numbers(42) == numbers(42));
  CHECK(numbers(42) != numbers(43));
  const auto twice = [](const Tensor&) {
    const Tensor first = seeded(1, {2, 3}, nl::float32);
    const Tensor second = seeded(1, {2, 3}, nl::float32);
    return nl::subtract(first, second);
  };
  check_elements(
      evaluate({make_array({1}, [](int64_t) { return 0; })}, twice), {2, 3},
      [](int64_t) { return 0.0; }, exactly);
}

TEST_CASE("rand fills HBM tensors of any size") {
  for (const Shape& shape : {Shape{1}, Shape{2049}, Shape{3, 100000}, Shape{130, 7, 3}}) {
    const Array got = evaluate({}, [&] { return nl::rand(shape, nl::float32, nl::shared_hbm); });
    CHECK(got.shape == shape);
    for (const double x : got.values) {
      REQUIRE(x >= 0);
      REQUIRE(x < 1);
    }
    if (got.values.size() > 1000) CHECK(std::fabs(mean(got.values) - 0.5) < 0.05);
  }
}

TEST_CASE("dropout drops about as many as asked, and keeps the rest") {
  const Array ones = make_array({128, 200}, [](int64_t) { return 3; });
  const auto kernel = [](const Tensor& a) { return nl::dropout(nl::load(a), 0.25, nl::bfloat16); };
  const Array got = evaluate({ones}, kernel);
  CHECK(got.dtype == DType::bfloat16);
  for (const double x : got.values) REQUIRE((x == 0 || x == 3));
  CHECK(std::fabs(mean(got.values) - 2.25) < 0.05);
}

TEST_CASE("dropout takes a rate for each partition") {
  const Array ones = make_array({2, 50}, [](int64_t) { return 1; });
  const Array rates = make_array({2, 1}, [](int64_t p) { return p; });
  const auto kernel = [](const Tensor& a, const Tensor& r) {
    return nl::dropout(nl::load(a), nl::load(r));
  };
  check_elements(
      evaluate({ones, rates}, kernel), {2, 50}, [](int64_t i) { return i < 50 ? 1.0 : 0.0; },
      exactly);
}

TEST_CASE("dropout is for tiles, random_seed for one 32-bit element") {
  const auto kernel = [](const Tensor& a) {
    nl::random_seed(nl::load(a));
    return nl::dropout(a, 0.5);
  };
  CHECK(problems({make_array({2, 2}, [](int64_t) { return 0; })}, kernel) ==
        std::vector<std::string>{
            "size_mismatch: set_rng_seed: src_seeds has 4 elements; it must have 1",
            "wrong_memory: dropout: x is in shared_hbm; it must be in sbuf or psum"});
}
