#include "examples/cpp/example.h"
#include "examples/cpp/tensor_add.h"

int main(int argc, char** argv) {
  using examples::Array;
  using examples::Example;
  using examples::random_array;
  const Array a = random_array({300, 1200}, kiln::DType::float32, 1);
  const Array b = random_array({300, 1200}, kiln::DType::float32, 2);
  std::vector<double> expected;
  for (size_t i = 0; i < a.values.size(); ++i) expected.push_back(a.values[i] + b.values[i]);

  Example example("tensor_add", argc, argv);
  example.check({{"a", a}, {"b", b}}, expected, 1e-7, examples::tensor_add);
  return example.status();
}
