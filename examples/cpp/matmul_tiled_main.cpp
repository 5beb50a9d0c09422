#include "examples/cpp/example.h"
#include "examples/cpp/matmul_reference.h"
#include "examples/cpp/matmul_tiled.h"

int main(int argc, char** argv) {
  using examples::Array;
  using examples::Example;
  using examples::matmul_reference;
  using examples::random_array;
  Example example("matmul_tiled", argc, argv);
  for (const kiln::DType dtype : {kiln::DType::float32, kiln::DType::bfloat16}) {
    const Array lhs_t = random_array({320, 200}, dtype, 1),
                rhs = random_array({320, 1100}, dtype, 2);
    const double tolerance = dtype == kiln::DType::float32 ? 2e-6 : 4e-3;
    example.check({{"lhs_t", lhs_t}, {"rhs", rhs}}, matmul_reference(lhs_t, rhs), tolerance,
                  examples::matmul_tiled);
  }
  return example.status();
}
