// Runs small C++ kernels on arrays of numbers, and tells what is wrong with kernels that have
// mistakes, for tests of the functions that kernels are written with.
#pragma once

#include <cmath>
#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "kiln/base/number_format.h"
#include "kiln/dsl/kernel.h"
#include "kiln/dsl/nl.h"
#include "kiln/session/run.h"

#include <doctest/doctest.h>

namespace kiln::dsl {

// An argument of a kernel, row-major.
struct Array {
  Shape shape;
  std::vector<double> values;
  DType dtype = DType::float32;
};

inline int64_t element_count(const Shape& shape) {
  int64_t n = 1;
  for (const int64_t size : shape) n *= size;
  return n;
}

// The elements as stored: rounded to the array's type.
inline double stored(DType dtype, double value) {
  if (!is_floating(dtype)) return value;
  return to_float32(dtype, from_float32(dtype, static_cast<float>(value)));
}

inline Array make_array(const Shape& shape, const std::function<double(int64_t)>& value,
                        DType dtype = DType::float32) {
  Array array{shape, {}, dtype};
  for (int64_t i = 0; i < element_count(shape); ++i) {
    array.values.push_back(stored(dtype, value(i)));
  }
  return array;
}

// Numbers from low to high, the same in every run.
inline Array random_array(const Shape& shape, double low, double high, DType dtype = DType::float32,
                          uint32_t seed = 1) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> distribution(low, high);
  return make_array(shape, [&](int64_t) { return distribution(random); }, dtype);
}

inline HostTensor host_tensor(const Array& array) {
  const int64_t size = size_bytes(array.dtype);
  HostTensor tensor{.buffer = allocate_host_buffer(element_count(array.shape) * size),
                    .dtype = array.dtype,
                    .shape = array.shape};
  std::byte* at = tensor.buffer.data.get();
  for (const double value : array.values) {
    if (is_integer(array.dtype)) {
      store_bits(array.dtype, at, static_cast<Bits>(static_cast<int64_t>(value)));
    } else {
      store_float32(array.dtype, at, static_cast<float>(value));
    }
    at += size;
  }
  return tensor;
}

inline double number(DType dtype, const std::byte* at) {
  const Bits bits = load_bits(dtype, at);
  if (info(dtype).kind == NumberKind::unsigned_integer) return bits;
  if (dtype == DType::int32) return static_cast<int32_t>(bits);
  return to_float32(dtype, bits);
}

inline Array array_of(const HostTensor& tensor) {
  Array array{tensor.shape, {}, tensor.dtype};
  const std::byte* at = tensor.buffer.data.get();
  for (int64_t i = 0; i < element_count(array.shape); ++i) {
    array.values.push_back(number(tensor.dtype, at + i * size_bytes(tensor.dtype)));
  }
  return array;
}

template <class Kernel>
Recorded record_kernel(const std::vector<Array>& inputs, Kernel&& kernel,
                       Generation target = Generation::gen3) {
  KernelSpec spec{.kernel = "test", .target = target};
  for (const Array& input : inputs) {
    spec.inputs.push_back({fmt::format("x{}", spec.inputs.size()), input.shape, input.dtype});
  }
  return record(spec, kernel);
}

// What a kernel that returns an HBM tensor or a tile computes.
template <class Kernel>
Array evaluate(const std::vector<Array>& inputs, Kernel&& kernel,
               Generation target = Generation::gen3) {
  const auto to_hbm = [](const Tensor& result) {
    if (nl::is_hbm(result.buffer())) return result;
    const Tensor out = nl::ndarray(result.shape(), result.dtype(), nl::shared_hbm);
    nl::store(out, result);
    return out;
  };
  const Recorded recorded = [&] {
    constexpr size_t arity = internal::arity<std::remove_reference_t<Kernel>>();
    if constexpr (arity == 0) {
      return record_kernel(inputs, [&] { return to_hbm(kernel()); }, target);
    } else if constexpr (arity == 1) {
      return record_kernel(inputs, [&](Tensor a) { return to_hbm(kernel(a)); }, target);
    } else if constexpr (arity == 2) {
      return record_kernel(
          inputs, [&](Tensor a, Tensor b) { return to_hbm(kernel(a, b)); }, target);
    } else {
      return record_kernel(
          inputs, [&](Tensor a, Tensor b, Tensor c) { return to_hbm(kernel(a, b, c)); }, target);
    }
  }();
  INFO(recorded.messages());
  REQUIRE_FALSE(recorded.report.has_errors());
  std::vector<HostTensor> arguments;
  for (const Array& input : inputs) arguments.push_back(host_tensor(input));
  Result<CallResult> result = run(recorded.program, arguments, {});
  INFO((result.ok() ? "" : result.error().message));
  REQUIRE(result.ok());
  REQUIRE(result->outputs.size() == 1);
  return array_of(result->outputs[0]);
}

// "wrong_memory: load: src is in sbuf; it must be in hbm" for each diagnostic.
template <class Kernel>
std::vector<std::string> problems(const std::vector<Array>& inputs, Kernel&& kernel,
                                  Generation target = Generation::gen3) {
  const Recorded recorded = record_kernel(inputs, kernel, target);
  std::vector<std::string> texts;
  for (const Diagnostic& d : recorded.report.diagnostics()) {
    texts.push_back(fmt::format("{}: {}", d.kind->id, d.message));
  }
  return texts;
}

// How far from each other two numbers may be: |a - b| <= absolute + relative * |b|.
struct Tolerance {
  double relative = 0;
  double absolute = 0;
};
inline constexpr Tolerance exactly{};
// A few units in the last place of float32.
inline constexpr Tolerance float32_close{.relative = 5e-7, .absolute = 1e-37};

// Checks every element i of the result against expected(i); NaN is as good as NaN.
inline void check_elements(const Array& got, const Shape& shape,
                           const std::function<double(int64_t)>& expected,
                           const Tolerance& tolerance = float32_close) {
  REQUIRE(got.shape == shape);
  size_t wrong = 0;
  for (size_t i = 0; i < got.values.size(); ++i) {
    const double a = got.values[i], b = expected(static_cast<int64_t>(i));
    if (a == b || (std::isnan(a) && std::isnan(b))) continue;
    if (std::fabs(a - b) <= tolerance.absolute + tolerance.relative * std::fabs(b)) continue;
    if (++wrong > 3) continue;
    CAPTURE(i);
    CHECK(a == doctest::Approx(b).epsilon(0));
  }
  CHECK(wrong == 0);
}

}  // namespace kiln::dsl
