// Recording a C++ kernel: a function of Tensors that returns the tensors it computed.
//
//   Tensor add(Tensor a, Tensor b) { … return out; }
//   Recorded r = record({.kernel = "add", .inputs = {{"a", {128, 512}}, {"b", {128, 512}}}}, add);
#pragma once

#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "kiln/dsl/tensor.h"

namespace kiln::dsl {

struct InputSpec {
  std::string name;
  Shape shape;
  DType dtype = DType::float32;
};

struct KernelSpec {
  std::string kernel;
  std::vector<InputSpec> inputs;
  Generation target = Generation::gen3;
};

// A program, and what is wrong with it. With errors it is not to be run.
struct Recorded {
  std::shared_ptr<const Program> program;
  Report report;

  // The diagnostics, one a line.
  std::string messages() const;
};

namespace internal {

template <class Fn, size_t... I>
auto call(Fn& fn, const std::vector<Tensor>& inputs, std::index_sequence<I...>) {
  return fn(inputs[I]...);
}

template <size_t>
using TensorArgument = Tensor;

template <class Fn, size_t N = 0>
consteval size_t arity() {
  constexpr auto takes = []<size_t... I>(std::index_sequence<I...>) {
    return std::is_invocable_v<Fn&, TensorArgument<I>...>;
  };
  static_assert(N <= 16, "a kernel is a function of up to 16 Tensors");
  if constexpr (takes(std::make_index_sequence<N>{})) {
    return N;
  } else {
    return arity<Fn, N + 1>();
  }
}

inline void output(Recorder& recorder, const Tensor& tensor) { recorder.output(tensor.view_id()); }
template <class... T>
void output(Recorder& recorder, const std::tuple<T...>& tensors) {
  std::apply([&](const auto&... t) { (output(recorder, t), ...); }, tensors);
}
inline void output(Recorder& recorder, const std::vector<Tensor>& tensors) {
  for (const Tensor& t : tensors) output(recorder, t);
}

}  // namespace internal

template <class Fn>
Recorded record(const KernelSpec& spec, Fn&& fn) {
  Recorder recorder(spec.kernel, spec.target);
  const Recording recording(recorder);
  constexpr size_t count = internal::arity<std::remove_reference_t<Fn>>();
  KILN_CHECK(spec.inputs.size() == count);
  std::vector<Tensor> inputs;
  for (const InputSpec& input : spec.inputs) {
    inputs.emplace_back(recorder.input({.shape = input.shape,
                                        .dtype = input.dtype,
                                        .memory = Memory::shared_hbm,
                                        .name = input.name}));
  }
  internal::output(recorder, internal::call(fn, inputs, std::make_index_sequence<count>{}));
  auto program = recorder.finish();
  return {std::move(program), recorder.report()};
}

}  // namespace kiln::dsl
