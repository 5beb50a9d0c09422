#include "examples/cpp/rms_norm.h"

#include <algorithm>

#include "kiln/dsl/nl.h"

namespace examples {

using kiln::dsl::all;
using kiln::dsl::Tensor;
namespace nl = kiln::dsl::nl;

Tensor rms_norm(Tensor x, Tensor w) {
  const int64_t rows = x.shape(0), columns = x.shape(1), tile_rows = nl::tile_size.pmax();
  const Tensor out = nl::ndarray(x.shape(), x.dtype(), nl::shared_hbm);
  // The same weights in each partition.
  const Tensor weights = nl::broadcast_to(nl::load(w.reshape({1, columns})), {tile_rows, columns});

  for (int64_t i = 0; i < rows; i += tile_rows) {
    const int64_t height = std::min(tile_rows, rows - i);
    const auto r = nl::ds(i, height);
    const Tensor tile = nl::load(x[{r, all}]);
    const Tensor result = nl::rms_norm(tile, weights[{nl::ds(0, height), all}], 1, columns);
    nl::store(out[{r, all}], result);
  }
  return out;
}

}  // namespace examples
