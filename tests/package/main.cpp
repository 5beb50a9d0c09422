// Records a kernel with the DSL of an installed Kiln, runs it and compares the result.
#include <fmt/format.h>
#include <kiln/dsl/kernel.h>
#include <kiln/dsl/nisa.h>
#include <kiln/dsl/nl.h>
#include <kiln/session/run.h>

namespace {

using namespace kiln;
using namespace kiln::dsl;

Tensor double_it(Tensor input) {
  const Tensor tile = nl::load(input);
  nisa::tensor_tensor({.dst = tile, .data1 = tile, .data2 = tile, .op = nl::add});
  const Tensor output = nl::ndarray(input.shape(), input.dtype(), nl::shared_hbm);
  nl::store(output, tile);
  return output;
}

HostTensor ones(int64_t rows, int64_t columns) {
  const int64_t count = rows * columns;
  HostBuffer buffer = allocate_host_buffer(count * 4);
  std::fill_n(reinterpret_cast<float*>(buffer.data.get()), count, 1.0f);
  return {std::move(buffer), DType::float32, {rows, columns}};
}

int fail(const std::string& why) {
  fmt::print("{}\n", why);
  return 1;
}

}  // namespace

int main() {
  const Recorded recorded =
      record({.kernel = "double_it", .inputs = {{"input", {128, 512}}}}, double_it);
  if (recorded.report.has_errors()) return fail(recorded.messages());
  const auto result = kiln::run(recorded.program, {ones(128, 512)}, {});
  if (!result) return fail(result.error().message);

  const HostTensor& output = result->outputs.at(0);
  const auto* values = reinterpret_cast<const float*>(output.buffer.data.get());
  for (int i = 0; i < 128 * 512; ++i) {
    if (values[i] != 2.0f) return fail(fmt::format("element {} is {}, not 2", i, values[i]));
  }
  fmt::print("an installed kiln ran {}\n", result->provenance.kernel);
  return 0;
}
