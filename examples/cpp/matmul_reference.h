// The product of two matrices in double, for the examples that multiply matrices.
#pragma once

#include <vector>

#include "examples/cpp/example.h"

namespace examples {

// lhs_t [k, m], rhs [k, n]: the [m, n] products.
inline std::vector<double> matmul_reference(const Array& lhs_t, const Array& rhs) {
  const auto k = static_cast<size_t>(lhs_t.shape[0]), m = static_cast<size_t>(lhs_t.shape[1]),
             n = static_cast<size_t>(rhs.shape[1]);
  std::vector<double> product(m * n);
  for (size_t s = 0; s < k; ++s) {
    for (size_t i = 0; i < m; ++i) {
      const double factor = lhs_t.values[s * m + i];
      for (size_t j = 0; j < n; ++j) product[i * n + j] += factor * rhs.values[s * n + j];
    }
  }
  return product;
}

}  // namespace examples
