#include "examples/cpp/example.h"
#include "examples/cpp/matmul_blocked.h"
#include "examples/cpp/matmul_reference.h"

int main(int argc, char** argv) {
  using examples::Array;
  using examples::Example;
  using examples::matmul_reference;
  using examples::random_array;
  Example example("matmul_blocked", argc, argv);
  for (const kiln::DType dtype : {kiln::DType::float32, kiln::DType::bfloat16}) {
    const Array lhs_t = random_array({512, 700}, dtype, 1),
                rhs = random_array({512, 1300}, dtype, 2);
    const double tolerance = dtype == kiln::DType::float32 ? 2e-6 : 4e-3;
    example.check({{"lhs_t", lhs_t}, {"rhs", rhs}}, matmul_reference(lhs_t, rhs), tolerance,
                  examples::matmul_blocked);
  }
  return example.status();
}
