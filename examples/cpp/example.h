// What the examples' main functions share: generated inputs, a run of the kernel, and the
// comparison with a reference in double. Nothing here is needed to write a kernel.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kiln/dsl/kernel.h"

namespace examples {

// A row-major argument of a kernel. The values are as its type stores them.
struct Array {
  std::vector<int64_t> shape;
  kiln::DType dtype = kiln::DType::float32;
  std::vector<double> values;
};

struct Argument {
  std::string name;
  const Array& array;
};

// Normally distributed numbers, rounded to the type, and the same for the same seed.
Array random_array(const std::vector<int64_t>& shape, kiln::DType dtype, uint32_t seed);

class Example {
 public:
  // With the argument --text the checks do not run; the first prints its program as text.
  Example(std::string name, int argc, char** argv);

  // Records the kernel for these arguments, runs it, and prints how far the result is from
  // `expected` and what ran. The tolerance is for the largest error, in units of the largest
  // expected element.
  template <class Kernel>
  void check(const std::vector<Argument>& arguments, const std::vector<double>& expected,
             double tolerance, Kernel&& kernel) {
    if (print_text_ && text_printed_) return;
    kiln::dsl::KernelSpec spec{.kernel = name_};
    for (const Argument& argument : arguments) {
      spec.inputs.push_back({argument.name, argument.array.shape, argument.array.dtype});
    }
    check_recorded(kiln::dsl::record(spec, kernel), arguments, expected, tolerance);
  }

  // What main returns.
  int status() const { return failed_ ? 1 : 0; }

 private:
  void check_recorded(const kiln::dsl::Recorded& recorded, const std::vector<Argument>& arguments,
                      const std::vector<double>& expected, double tolerance);

  std::string name_;
  bool print_text_ = false;
  bool text_printed_ = false;
  bool failed_ = false;
};

}  // namespace examples
