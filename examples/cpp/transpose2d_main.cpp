#include "examples/cpp/example.h"
#include "examples/cpp/transpose2d.h"

int main(int argc, char** argv) {
  using examples::Array;
  using examples::Example;
  using examples::random_array;
  constexpr size_t rows = 500, columns = 300;
  Example example("transpose2d", argc, argv);
  for (const kiln::DType dtype : {kiln::DType::float32, kiln::DType::bfloat16}) {
    const Array a = random_array({rows, columns}, dtype, 1);
    std::vector<double> expected(a.values.size());
    for (size_t i = 0; i < rows; ++i) {
      for (size_t j = 0; j < columns; ++j) expected[j * rows + i] = a.values[i * columns + j];
    }
    example.check({{"a", a}}, expected, 0, examples::transpose2d);
  }
  return example.status();
}
