// Making tensors, and moving them between HBM and SBUF.

#include <algorithm>

#include "kiln/base/number_format.h"
#include "kiln/dsl/nl.h"
#include "kiln/dsl/nl_support.h"

namespace kiln::dsl::nl {

using internal::copied;
using internal::fill_constant;
using internal::in_sbuf;
using internal::must_be_on_chip;
using internal::new_tile;
using internal::record;
using internal::report_as;
using internal::stand_in;

namespace {

Tensor allocate(const Shape& shape, DType dtype, Memory buffer, const TensorOptions& options) {
  return Tensor(recorder().allocate({.shape = shape,
                                     .dtype = dtype,
                                     .memory = buffer,
                                     .name = options.name,
                                     .address = options.address}));
}

// Only engines fill memory, and they do not reach HBM: DMA repeats a row that was filled in SBUF.
void fill_hbm(const Tensor& out, const InOrScalar& value) {
  constexpr int64_t row_elements_max = 4096;
  const int64_t elements = out.size();
  int64_t row = std::min(elements, row_elements_max);
  while (elements % row != 0) --row;
  const Tensor filled = new_tile({1, row}, out.dtype());
  record(Memset{.dst = filled, .value = value});
  record(DmaCopy{.dst = out, .src = filled.expand_dim(1).broadcast(1, elements / row)});
}

Tensor filled(std::string_view function, const Shape& shape, const Value& value, DType dtype,
              Memory buffer, std::string_view name) {
  const Tensor out = allocate(shape, dtype, buffer, {.name = name});
  if (value.is_tensor()) {
    report_as(function).add(diag::bad_argument, "fill_value is a tensor; it must be a constant");
    return out;
  }
  const InOrScalar constant = fill_constant(value, dtype);
  if (is_hbm(buffer)) {
    fill_hbm(out, constant);
  } else {
    record(Memset{.dst = out, .value = constant});
  }
  return out;
}

// Whether the argument is in HBM; complains if not.
bool in_hbm(std::string_view function, std::string_view argument, const Tensor& x) {
  if (is_hbm(x.buffer())) return true;
  report_as(function).add(diag::wrong_memory, "{} is in {}; it must be in hbm", argument,
                          name_of(x.buffer()));
  return false;
}

// A transposing load of what the kernel allocated was seen to fail.
void complain_of_local(std::string_view function, const Tensor& src) {
  if (src.tile().storage->binding != Binding::internal) return;
  const Machine& machine = recorder().target();
  const Fact<bool>& builds = machine.local_transposing_load;
  if (builds && builds.evidence != Evidence::assumed) return;
  report_as(function).add(builds ? diag::may_not_build : diag::wrong_memory,
                          "src was allocated in the kernel, which a build for NeuronCore-v2 "
                          "refused; load an argument of the kernel, or use nisa.nc_transpose");
}

// The shape of an on-chip tile for an HBM tensor.
Shape tile_shape(const Tensor& hbm_tensor) {
  Shape shape = hbm_tensor.shape();
  if (shape.size() == 1) shape.insert(shape.begin(), 1);
  return shape;
}

std::vector<std::byte> identity_bytes(int64_t n, DType dtype) {
  const auto size = static_cast<size_t>(size_bytes(dtype));
  const auto rows = static_cast<size_t>(n);
  std::vector<std::byte> bytes(rows * rows * size);
  for (size_t i = 0; i < rows; ++i) store_float32(dtype, &bytes[i * (rows + 1) * size], 1.0f);
  return bytes;
}

// One HBM constant for all identity matrices of a size and type.
Tensor identity_constant(int64_t n, DType dtype) {
  const std::string name = fmt::format("identity {} {}", n, name_of(dtype));
  for (const auto& [id, bytes] : recorder().program().constants) {
    if (recorder().tiles().storage(id).name == name) return Tensor(recorder().tiles().whole(id));
  }
  const Shape shape{n, n};
  return Tensor(
      recorder().constant({.shape = shape, .dtype = dtype, .memory = shared_hbm, .name = name},
                          identity_bytes(n, dtype)));
}

}  // namespace

Index ds(int64_t start, int64_t size) { return {.start = start, .stop = start + size}; }

Tensor ndarray(const Shape& shape, DType dtype, Memory buffer, const TensorOptions& options,
               const CallSite& site) {
  site.enter();
  return allocate(shape, dtype, buffer, options);
}

Tensor full(const Shape& shape, const Value& fill_value, DType dtype, Memory buffer,
            std::string_view name, const CallSite& site) {
  site.enter();
  return filled("full", shape, fill_value, dtype, buffer, name);
}

Tensor zeros(const Shape& shape, DType dtype, Memory buffer, std::string_view name,
             const CallSite& site) {
  site.enter();
  return filled("zeros", shape, 0.0f, dtype, buffer, name);
}

Tensor ones(const Shape& shape, DType dtype, Memory buffer, std::string_view name,
            const CallSite& site) {
  site.enter();
  return filled("ones", shape, 1.0f, dtype, buffer, name);
}

Tensor empty_like(const Tensor& x, const LikeOptions& options, const CallSite& site) {
  site.enter();
  return allocate(x.shape(), options.dtype.value_or(x.dtype()), options.buffer.value_or(x.buffer()),
                  {.name = options.name});
}

Tensor zeros_like(const Tensor& x, const LikeOptions& options, const CallSite& site) {
  site.enter();
  return filled("zeros_like", x.shape(), 0.0f, options.dtype.value_or(x.dtype()),
                options.buffer.value_or(x.buffer()), options.name);
}

Tensor load(const Tensor& src, std::optional<DType> dtype, const CallSite& site) {
  site.enter();
  const DType type = dtype.value_or(src.dtype());
  const Shape shape = tile_shape(src);
  if (!in_hbm("load", "src", src)) return stand_in(shape, type);
  const Tensor tile = new_tile(shape, type);
  record(DmaCopy{.dst = tile, .src = src});
  return tile;
}

Tensor load_transpose2d(const Tensor& src, std::optional<DType> dtype, const CallSite& site) {
  site.enter();
  constexpr std::string_view name = "load_transpose2d";
  const DType type = dtype.value_or(src.dtype());
  if (src.rank() != 2) {
    report_as(name).add(diag::bad_shape, "src has {} dimensions; it must have 2", src.rank());
    return stand_in(tile_shape(src), type);
  }
  const Shape shape{src.shape(1), src.shape(0)};
  if (!in_hbm(name, "src", src)) return stand_in(shape, type);
  complain_of_local(name, src);
  const Tensor tile = new_tile(shape, src.dtype());
  record(DmaTranspose{.dst = tile, .src = src});
  return type == src.dtype() ? tile : copied(tile, type);
}

void store(const Tensor& dst, const Tensor& value, const CallSite& site) {
  site.enter();
  if (!in_hbm("store", "dst", dst) || !must_be_on_chip("store", "value", value)) return;
  record(DmaCopy{.dst = dst, .src = in_sbuf(value)});
}

Tensor shared_constant(const Shape& shape, DType dtype, std::vector<std::byte> contents,
                       const CallSite& site) {
  site.enter();
  int64_t bytes = size_bytes(dtype);
  for (const int64_t size : shape) bytes *= size;
  if (bytes != static_cast<int64_t>(contents.size())) {
    report_as("shared_constant")
        .add(diag::size_mismatch, "{} bytes are given; shape and dtype need {}", contents.size(),
             bytes);
    return stand_in(shape, dtype, shared_hbm);
  }
  return Tensor(recorder().constant({.shape = shape, .dtype = dtype, .memory = shared_hbm},
                                    std::move(contents)));
}

Tensor shared_identity_matrix(int64_t n, DType dtype, std::optional<Tensor> dst,
                              const CallSite& site) {
  site.enter();
  constexpr std::string_view function = "shared_identity_matrix";
  const int64_t n_max = recorder().target().partitions;
  if (n < 1 || n > n_max) {
    report_as(function).add(diag::bad_argument, "n is {}; it must be 1 to {}", n, n_max);
    return stand_in({1, 1}, dtype);
  }
  if (is_packed(dtype)) {
    report_as(function).add(diag::dtype_mismatch,
                            "dtype is {}; it must be a type that is not packed", name_of(dtype));
    return stand_in({n, n}, dtype);
  }
  const Tensor tile = dst ? *dst : new_tile({n, n}, dtype);
  record(DmaCopy{.dst = tile, .src = identity_constant(n, dtype)});
  return tile;
}

}  // namespace kiln::dsl::nl
