#include "examples/cpp/softmax.h"

#include <algorithm>

#include "kiln/dsl/nisa.h"
#include "kiln/dsl/nl.h"

namespace examples {

using kiln::dsl::all;
using kiln::dsl::Tensor;
namespace nisa = kiln::dsl::nisa;
namespace nl = kiln::dsl::nl;

Tensor softmax(Tensor x) {
  const int64_t rows = x.shape(0), columns = x.shape(1), tile_rows = nl::tile_size.pmax();
  const Tensor out = nl::ndarray(x.shape(), x.dtype(), nl::shared_hbm);

  for (int64_t i = 0; i < rows; i += tile_rows) {
    const int64_t height = std::min(tile_rows, rows - i);
    const auto r = nl::ds(i, height);
    const Tensor tile = nl::ndarray({height, columns}, x.dtype(), nl::sbuf);
    nisa::dma_copy({.dst = tile, .src = x[{r, all}]});

    const Tensor negative_max = nl::ndarray({height, 1}, nl::float32, nl::sbuf);
    nisa::tensor_reduce(
        {.dst = negative_max, .op = nl::maximum, .data = tile, .axis = {1}, .negate = true});
    // exp(x - max) and its sum, in one pass over the tile.
    const Tensor exponentials = nl::ndarray({height, columns}, nl::float32, nl::sbuf);
    const Tensor sums = nl::ndarray({height, 1}, nl::float32, nl::sbuf);
    nisa::activation_reduce({.dst = exponentials,
                             .op = nl::exp,
                             .data = tile,
                             .reduce_op = nl::add,
                             .reduce_res = sums,
                             .bias = negative_max});
    const Tensor factors = nl::ndarray({height, 1}, nl::float32, nl::sbuf);
    nisa::reciprocal({.dst = factors, .data = sums});

    const Tensor result = nl::ndarray({height, columns}, x.dtype(), nl::sbuf);
    nisa::tensor_scalar(
        {.dst = result, .data = exponentials, .op0 = nl::multiply, .operand0 = factors});
    nisa::dma_copy({.dst = out[{r, all}], .src = result});
  }
  return out;
}

}  // namespace examples
