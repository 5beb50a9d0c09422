// Instructions that take lists of tensors or numbers, as a C++ kernel writes them.
#include "kiln/dsl/nisa.h"

#include "kiln/program/text.h"
#include "kiln/program/widen.h"
#include "tests/kernel_fixture.h"

using namespace kiln;
using namespace kiln::dsl;

namespace {

Array counting(DType dtype) {
  return make_array({2, 3}, [](int64_t i) { return static_cast<double>(i); }, dtype);
}

// a + b + a
Tensor sum(const Tensor& a, const Tensor& b) {
  const Tensor out = nl::ndarray(a.shape(), nl::float32);
  nisa::dma_compute(
      {.dst = out, .srcs = {a, b, a}, .reduce_op = nl::add, .scales = number_list({1, 1, 1})});
  return out;
}

}  // namespace

TEST_CASE("a list of tensors is written in braces") {
  check_elements(
      evaluate({counting(DType::float32), counting(DType::int8)}, sum), {2, 3},
      [](int64_t i) { return 3.0 * static_cast<double>(i); }, exactly);
}

TEST_CASE("a list of one tensor, and of tensors in a vector") {
  const auto kernel = [](const Tensor& a) {
    const Tensor once = nl::ndarray(a.shape(), nl::float32);
    nisa::dma_compute({.dst = once, .srcs = {a}, .reduce_op = nl::add});
    const Tensor twice = nl::ndarray(a.shape(), nl::float32);
    const std::vector<Tensor> both{once, a};
    nisa::dma_compute({.dst = twice, .srcs = view_list(both), .reduce_op = nl::add});
    return twice;
  };
  check_elements(
      evaluate({counting(DType::float32)}, kernel), {2, 3},
      [](int64_t i) { return 2.0 * static_cast<double>(i); }, exactly);
}

TEST_CASE("a list must be given, and hold tensors that were made") {
  const auto kernel = [](const Tensor& a) {
    nisa::dma_compute({.dst = a, .reduce_op = nl::add});
    nisa::dma_compute({.dst = a, .srcs = {a, Tensor()}, .reduce_op = nl::add});
    // What could not be made has been complained about once.
    nisa::dma_compute({.dst = a, .srcs = {a, a.reshape({7})}, .reduce_op = nl::add});
    return a;
  };
  const std::vector<std::string> texts = problems({counting(DType::float32)}, kernel);
  REQUIRE(texts.size() == 3);
  CHECK(texts[0].starts_with("missing_argument: dma_compute: needs 'srcs'"));
  CHECK(texts[1] == "missing_argument: dma_compute: a list has a tensor that was never made");
  CHECK(texts[2].starts_with("bad_view: reshape"));
}

TEST_CASE("lists stay when low-precision tensors are widened") {
  const auto kernel = [](const Tensor& a) {
    nisa::dma_compute({.dst = a, .srcs = {a, a}, .reduce_op = nl::add});
    return a;
  };
  const Recorded recorded = record_kernel({counting(DType::bfloat16)}, kernel);
  const auto wide = widen_low_precision(*recorded.program);
  REQUIRE(wide.ok());
  CHECK(to_text(**wide).find("dma_compute dst=%0 srcs=[%0 %0] reduce_op=add") != std::string::npos);
}
