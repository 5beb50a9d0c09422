// How fast C++ kernels are recorded. Prints one JSON object: instructions/s of each kernel, and the
// instructions of one recording as a checksum. With --small, a size for a test.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <vector>

#include "kiln/dsl/kernel.h"
#include "kiln/dsl/nisa.h"
#include "kiln/dsl/nl.h"

namespace {

using namespace kiln::dsl;

// Tiles of [128, 512], each loaded, added to, scaled and stored: five instructions a tile.
Tensor elementwise(const Tensor& a, int tiles) {
  const Tensor out = nl::ndarray(a.shape(), a.dtype(), nl::shared_hbm);
  for (int i = 0; i < tiles; ++i) {
    const int64_t row = i % 8 * 128;
    const Tensor x = nl::ndarray({128, 512}, nl::float32);
    const Tensor y = nl::ndarray({128, 512}, nl::float32);
    nisa::dma_copy({.dst = x, .src = a[{nl::ds(row, 128), all}]});
    nisa::tensor_scalar({.dst = y, .data = x, .op0 = nl::multiply, .operand0 = 2.0f});
    nisa::tensor_tensor({.dst = y, .data1 = x, .data2 = y, .op = nl::add});
    nisa::activation({.dst = y, .op = nl::exp, .data = y});
    nisa::dma_copy({.dst = out[{nl::ds(row, 128), all}], .src = y});
  }
  return out;
}

// One instruction on tiles that stay the same: what a call costs by itself.
Tensor same_tiles(const Tensor& a, int count) {
  const Tensor x = nl::load(a[{nl::ds(0, 128), all}]);
  for (int i = 0; i < count; ++i) {
    nisa::tensor_tensor({.dst = x, .data1 = x, .data2 = x, .op = nl::add});
  }
  return x;
}

struct Rate {
  double instructions_per_s;
  size_t instructions;
};

template <class Kernel>
Rate measure(Kernel kernel, int size, int runs) {
  std::vector<double> seconds;
  size_t instructions = 0;
  for (int i = 0; i < runs; ++i) {
    const auto start = std::chrono::steady_clock::now();
    const Recorded recorded = record({.kernel = "bench", .inputs = {{"a", {1024, 512}}}},
                                     [&](const Tensor& a) { return kernel(a, size); });
    seconds.push_back(
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    instructions = recorded.program->code.size();
  }
  std::nth_element(seconds.begin(), seconds.begin() + runs / 2, seconds.end());
  return {static_cast<double>(instructions) / seconds[static_cast<size_t>(runs) / 2], instructions};
}

}  // namespace

int main(int argc, char** argv) {
  const bool small = argc > 1 && std::strcmp(argv[1], "--small") == 0;
  const int size = small ? 100 : 200000;
  const int runs = small ? 1 : 7;
  const Rate same = measure(same_tiles, size, runs);
  const Rate loop = measure(elementwise, size / 5, runs);
  fmt::print("{{\"same_tiles\": {:.0f}, \"elementwise_loop\": {:.0f}, \"checksum\": {}}}\n",
             same.instructions_per_s, loop.instructions_per_s,
             same.instructions + loop.instructions);
  return 0;
}
