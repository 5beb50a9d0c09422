#include "examples/cpp/softmax.h"

#include <algorithm>
#include <cmath>

#include "examples/cpp/example.h"

int main(int argc, char** argv) {
  using examples::Array;
  using examples::Example;
  using examples::random_array;
  constexpr size_t rows = 300, columns = 1000;
  const Array x = random_array({rows, columns}, kiln::DType::float32, 1);
  std::vector<double> expected;
  for (size_t i = 0; i < rows; ++i) {
    const double* row = &x.values[i * columns];
    const double largest = *std::max_element(row, row + columns);
    double sum = 0;
    for (size_t j = 0; j < columns; ++j) sum += std::exp(row[j] - largest);
    for (size_t j = 0; j < columns; ++j) expected.push_back(std::exp(row[j] - largest) / sum);
  }

  Example example("softmax", argc, argv);
  example.check({{"x", x}}, expected, 1e-6, examples::softmax);
  return example.status();
}
