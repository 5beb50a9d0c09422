#include "examples/cpp/matmul_tiled.h"

#include <algorithm>

#include "kiln/dsl/nisa.h"
#include "kiln/dsl/nl.h"

namespace examples {

using kiln::dsl::Tensor;
namespace nisa = kiln::dsl::nisa;
namespace nl = kiln::dsl::nl;

Tensor matmul_tiled(Tensor lhs_t, Tensor rhs) {
  const int64_t k = lhs_t.shape(0), m = lhs_t.shape(1), n = rhs.shape(1);
  const int64_t tile_k = nl::tile_size.pmax();
  const int64_t tile_m = nl::tile_size.gemm_stationary_fmax();
  const int64_t tile_n = nl::tile_size.gemm_moving_fmax();
  const Tensor out = nl::ndarray({m, n}, lhs_t.dtype(), nl::shared_hbm);

  for (int64_t i = 0; i < m; i += tile_m) {
    for (int64_t j = 0; j < n; j += tile_n) {
      const int64_t height = std::min(tile_m, m - i), width = std::min(tile_n, n - j);
      const auto rows = nl::ds(i, height), columns = nl::ds(j, width);
      const Tensor product = nl::ndarray({height, width}, nl::float32, nl::psum);
      for (int64_t s = 0; s < k; s += tile_k) {
        const int64_t depth = std::min(tile_k, k - s);
        const auto steps = nl::ds(s, depth);
        const Tensor lhs_tile = nl::ndarray({depth, height}, lhs_t.dtype(), nl::sbuf);
        nisa::dma_copy({.dst = lhs_tile, .src = lhs_t[{steps, rows}]});
        const Tensor rhs_tile = nl::ndarray({depth, width}, rhs.dtype(), nl::sbuf);
        nisa::dma_copy({.dst = rhs_tile, .src = rhs[{steps, columns}]});
        // The first matmul overwrites what is in PSUM, the others add to it.
        nisa::nc_matmul({.dst = product, .stationary = lhs_tile, .moving = rhs_tile});
      }
      const Tensor result = nl::ndarray({height, width}, out.dtype(), nl::sbuf);
      nisa::tensor_copy({.dst = result, .src = product});
      nisa::dma_copy({.dst = out[{rows, columns}], .src = result});
    }
  }
  return out;
}

}  // namespace examples
