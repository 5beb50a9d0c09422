#include "examples/cpp/tensor_add.h"

#include <algorithm>

#include "kiln/dsl/nisa.h"
#include "kiln/dsl/nl.h"

namespace examples {

using kiln::dsl::Tensor;
namespace nisa = kiln::dsl::nisa;
namespace nl = kiln::dsl::nl;

Tensor tensor_add(Tensor a, Tensor b) {
  const int64_t rows = a.shape(0), columns = a.shape(1);
  const int64_t tile_rows = nl::tile_size.pmax(), tile_columns = 512;
  const Tensor out = nl::ndarray(a.shape(), a.dtype(), nl::shared_hbm);

  for (int64_t i = 0; i < rows; i += tile_rows) {
    for (int64_t j = 0; j < columns; j += tile_columns) {
      const int64_t height = std::min(tile_rows, rows - i);
      const int64_t width = std::min(tile_columns, columns - j);
      const auto r = nl::ds(i, height), c = nl::ds(j, width);

      const Tensor a_tile = nl::ndarray({height, width}, a.dtype(), nl::sbuf);
      nisa::dma_copy({.dst = a_tile, .src = a[{r, c}]});
      const Tensor b_tile = nl::ndarray({height, width}, b.dtype(), nl::sbuf);
      nisa::dma_copy({.dst = b_tile, .src = b[{r, c}]});

      const Tensor sum = nl::ndarray({height, width}, a.dtype(), nl::sbuf);
      nisa::tensor_tensor({.dst = sum, .data1 = a_tile, .data2 = b_tile, .op = nl::add});
      nisa::dma_copy({.dst = out[{r, c}], .src = sum});
    }
  }
  return out;
}

}  // namespace examples
