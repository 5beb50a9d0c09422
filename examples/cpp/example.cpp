#include "examples/cpp/example.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <string_view>
#include <utility>

#include "kiln/base/number_format.h"
#include "kiln/program/text.h"
#include "kiln/session/run.h"

namespace examples {

namespace {

using kiln::HostTensor;

HostTensor host_tensor(const Array& array) {
  const int64_t size = kiln::size_bytes(array.dtype);
  const auto count = static_cast<int64_t>(array.values.size());
  HostTensor tensor{.buffer = kiln::allocate_host_buffer(count * size),
                    .dtype = array.dtype,
                    .shape = array.shape};
  std::byte* at = tensor.buffer.data.get();
  for (const double value : array.values) {
    kiln::store_float32(array.dtype, at, static_cast<float>(value));
    at += size;
  }
  return tensor;
}

// The largest |result - expected| as a part of the largest |expected|; infinite for NaN and for a
// result of another size.
double largest_error(const HostTensor& result, const std::vector<double>& expected) {
  const int64_t size = kiln::size_bytes(result.dtype);
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (result.buffer.bytes != size * static_cast<int64_t>(expected.size())) return infinity;
  double error = 0, largest = 0;
  const std::byte* at = result.buffer.data.get();
  for (const double value : expected) {
    const double difference = std::fabs(kiln::load_float32(result.dtype, at) - value);
    error = std::isnan(difference) ? infinity : std::max(error, difference);
    largest = std::max(largest, std::fabs(value));
    at += size;
  }
  return largest > 0 ? error / largest : error;
}

std::string describe(const kiln::Provenance& p) {
  std::string counts;
  int64_t total = 0;
  for (const auto& [name, count] : p.instructions) {
    counts += fmt::format("{}{} {}", total > 0 ? ", " : "", count, name);
    total += count;
  }
  return fmt::format(
      "  ran on {}, {} threads, as {}: {} instructions ({} by routines) in {:.1f} ms\n    {}\n",
      p.backend, p.threads, name_of(p.target), total, p.by_routine, p.execute_seconds * 1e3,
      counts);
}

}  // namespace

Array random_array(const std::vector<int64_t>& shape, kiln::DType dtype, uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> distribution;
  int64_t count = 1;
  for (const int64_t size : shape) count *= size;
  Array array{shape, dtype, {}};
  array.values.reserve(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) {
    array.values.push_back(
        kiln::to_float32(dtype, kiln::from_float32(dtype, distribution(random))));
  }
  return array;
}

Example::Example(std::string name, int argc, char** argv) : name_(std::move(name)) {
  for (int i = 1; i < argc; ++i) print_text_ |= std::string_view(argv[i]) == "--text";
}

void Example::check_recorded(const kiln::dsl::Recorded& recorded,
                             const std::vector<Argument>& arguments,
                             const std::vector<double>& expected, double tolerance) {
  if (recorded.report.has_errors()) {
    fmt::print(stderr, "{}", recorded.messages());
    failed_ = true;
    return;
  }
  if (print_text_) {
    fmt::print("{}", kiln::to_text(*recorded.program, {.locations = false}));
    text_printed_ = true;
    return;
  }
  std::vector<HostTensor> inputs;
  fmt::print("{}(", name_);
  for (const Argument& a : arguments) {
    fmt::print("{}{}: {} {}", inputs.empty() ? "" : ", ", a.name, name_of(a.array.dtype),
               fmt::join(a.array.shape, "x"));
    inputs.push_back(host_tensor(a.array));
  }
  fmt::print(")\n");
  const kiln::Result<kiln::CallResult> result = kiln::run(recorded.program, inputs, {});
  if (!result) {
    fmt::print(stderr, "  {}\n", result.error().message);
    failed_ = true;
    return;
  }
  const double error = largest_error(result->outputs.at(0), expected);
  const bool wrong = !(error <= tolerance);
  failed_ |= wrong;
  fmt::print("  largest error {:.2g} of the largest element; {} {:.2g}\n", error,
             wrong ? "WRONG, allowed are" : "allowed are", tolerance);
  fmt::print("{}", describe(result->provenance));
}

}  // namespace examples
