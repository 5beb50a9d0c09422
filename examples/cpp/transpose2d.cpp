#include "examples/cpp/transpose2d.h"

#include <algorithm>

#include "kiln/dsl/nisa.h"
#include "kiln/dsl/nl.h"

namespace examples {

using kiln::dsl::all;
using kiln::dsl::Tensor;
namespace nisa = kiln::dsl::nisa;
namespace nl = kiln::dsl::nl;

Tensor transpose2d(Tensor a) {
  const int64_t rows = a.shape(0), columns = a.shape(1), tile = nl::tile_size.pmax();
  const Tensor out = nl::ndarray({columns, rows}, a.dtype(), nl::shared_hbm);

  for (int64_t i = 0; i < rows; i += tile) {
    const int64_t height = std::min(tile, rows - i);
    const Tensor band = nl::ndarray({height, columns}, a.dtype(), nl::sbuf);
    nisa::dma_copy({.dst = band, .src = a[{nl::ds(i, height), all}]});
    for (int64_t j = 0; j < columns; j += tile) {
      const int64_t width = std::min(tile, columns - j);
      // The Tensor engine writes to PSUM only, and DMA does not read there.
      const Tensor flipped = nl::ndarray({width, height}, a.dtype(), nl::psum);
      nisa::nc_transpose({.dst = flipped, .data = band[{all, nl::ds(j, width)}]});
      const Tensor result = nl::ndarray({width, height}, a.dtype(), nl::sbuf);
      nisa::tensor_copy({.dst = result, .src = flipped});
      nisa::dma_copy({.dst = out[{nl::ds(j, width), nl::ds(i, height)}], .src = result});
    }
  }
  return out;
}

}  // namespace examples
