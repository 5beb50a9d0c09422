#include "examples/cpp/matmul_blocked.h"

#include <algorithm>

#include "kiln/dsl/nisa.h"
#include "kiln/dsl/nl.h"

namespace examples {

using kiln::dsl::all;
using kiln::dsl::Tensor;
namespace nisa = kiln::dsl::nisa;
namespace nl = kiln::dsl::nl;

namespace {

// What a block loads stays in SBUF for every matmul that needs it.
constexpr int64_t block_m = 512, block_n = 1024;

// All rows of `width` columns from `first` on, as [128, rows / 128, width].
Tensor load_block(Tensor x, int64_t first, int64_t width) {
  const int64_t partitions = nl::tile_size.pmax(), tiles = x.shape(0) / partitions;
  const Tensor block = nl::ndarray({partitions, tiles, width}, x.dtype(), nl::sbuf);
  const Tensor columns = x[{all, nl::ds(first, width)}];
  nisa::dma_copy(
      {.dst = block,
       .src = columns.reshape_dim(0, std::vector{tiles, partitions}).permute({1, 0, 2})});
  return block;
}

}  // namespace

Tensor matmul_blocked(Tensor lhs_t, Tensor rhs) {
  const int64_t k = lhs_t.shape(0), m = lhs_t.shape(1), n = rhs.shape(1);
  const int64_t tile_m = nl::tile_size.gemm_stationary_fmax();
  const int64_t tile_n = nl::tile_size.gemm_moving_fmax();
  const int64_t tiles_k = k / nl::tile_size.pmax();
  const Tensor out = nl::ndarray({m, n}, lhs_t.dtype(), nl::shared_hbm);

  for (int64_t block_i = 0; block_i < m; block_i += block_m) {
    const int64_t block_height = std::min(block_m, m - block_i);
    const Tensor lhs_block = load_block(lhs_t, block_i, block_height);
    for (int64_t block_j = 0; block_j < n; block_j += block_n) {
      const int64_t block_width = std::min(block_n, n - block_j);
      const Tensor rhs_block = load_block(rhs, block_j, block_width);
      for (int64_t i = 0; i < block_height; i += tile_m) {
        for (int64_t j = 0; j < block_width; j += tile_n) {
          const int64_t height = std::min(tile_m, block_height - i);
          const int64_t width = std::min(tile_n, block_width - j);
          const Tensor product = nl::ndarray({height, width}, nl::float32, nl::psum);
          for (int64_t t = 0; t < tiles_k; ++t) {
            nisa::nc_matmul({.dst = product,
                             .stationary = lhs_block[{all, t, nl::ds(i, height)}],
                             .moving = rhs_block[{all, t, nl::ds(j, width)}]});
          }
          const Tensor result = nl::ndarray({height, width}, out.dtype(), nl::sbuf);
          nisa::tensor_copy({.dst = result, .src = product});
          nisa::dma_copy({.dst = out[{nl::ds(block_i + i, height), nl::ds(block_j + j, width)}],
                          .src = result});
        }
      }
    }
  }
  return out;
}

}  // namespace examples
