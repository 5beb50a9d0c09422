#include "examples/cpp/rms_norm.h"

#include <cmath>

#include "examples/cpp/example.h"

int main(int argc, char** argv) {
  using examples::Array;
  using examples::Example;
  using examples::random_array;
  constexpr size_t rows = 300, columns = 768;
  const Array x = random_array({rows, columns}, kiln::DType::float32, 1);
  const Array w = random_array({columns}, kiln::DType::float32, 2);
  std::vector<double> expected;
  for (size_t i = 0; i < rows; ++i) {
    const double* row = &x.values[i * columns];
    double sum = 0;
    for (size_t j = 0; j < columns; ++j) sum += row[j] * row[j];
    const double rms = std::sqrt(sum / columns + 1e-6);
    for (size_t j = 0; j < columns; ++j) expected.push_back(row[j] / rms * w.values[j]);
  }

  Example example("rms_norm", argc, argv);
  example.check({{"x", x}, {"w", w}}, expected, 1e-6, examples::rms_norm);
  return example.status();
}
