#include "kiln/dsl/nl_support.h"

#include <algorithm>

#include "kiln/isa/operand_value.h"

namespace kiln::dsl::internal {

namespace {

// Inserts dimensions of size 1 after the partition dimension.
Tensor with_rank(Tensor x, int rank) {
  while (x.rank() < rank) x = x.expand_dim(1);
  return x;
}

bool is_column(const Tensor& x) { return x.tile().free_elements() == 1; }

// Whether tensor_scalar gives the same as tensor_tensor for this column: it takes float32 columns
// only, and does not calculate in integers.
bool is_operand(const Tensor& column, AluOp op) {
  return info(op).bitvec || column.dtype() == DType::float32;
}

DType common_dtype(DType a, DType b) {
  if (a == b) return a;
  if (is_floating(a) != is_floating(b)) return is_floating(a) ? a : b;
  if (size_bytes(a) != size_bytes(b)) return size_bytes(a) > size_bytes(b) ? a : b;
  return is_floating(a) ? DType::float32 : a;
}

}  // namespace

Report& report_as(std::string_view name) {
  Report& report = recorder().report();
  report.at(recorder().here(), name);
  return report;
}

Tensor new_tile(const Shape& shape, DType dtype, Memory memory) {
  return Tensor(recorder().allocate({.shape = shape, .dtype = dtype, .memory = memory}));
}

Tensor stand_in(const Shape& shape, DType dtype, Memory memory) {
  return Tensor(recorder().poison(shape, dtype, memory));
}

bool must_be_on_chip(std::string_view function, std::string_view argument, const Tensor& x) {
  if (x.tile().on_chip()) return true;
  report_as(function).add(diag::wrong_memory, "{} is in {}; it must be in sbuf or psum", argument,
                          name_of(x.buffer()));
  return false;
}

std::string shape_text(const Tensor& x) { return view_ops::shape_text(*x.tile().layout); }

InOrScalar fill_constant(const Value& value, DType dtype) {
  // As bits, so that all of uint32 can be given.
  const InOrScalar constant = value.operand(is_integer(dtype) ? AluOp::bitwise_or : AluOp::none);
  if (!is_integer(dtype) || constant.is_int()) return constant;
  const Bits bits = constant_bits(dtype, constant);
  if (size_bytes(dtype) == 4) return bits;
  return static_cast<int32_t>(to_float32(dtype, bits));
}

Tensor copied(const Tensor& data, DType dtype) {
  const Tensor out = new_tile(data.shape(), dtype);
  record(TensorCopy{.dst = out, .src = data});
  return out;
}

Tensor activated(ActivationOp op, const Tensor& data, DType dtype) {
  const Tensor out = new_tile(data.shape(), dtype);
  record(Activation{.dst = out, .op = op, .data = data});
  return out;
}

Tensor scalar_op(const Tensor& data, const Stage& first, const Stage& second, DType dtype) {
  const Tensor out = new_tile(data.shape(), dtype);
  record(TensorScalar{.dst = out,
                      .data = data,
                      .op0 = first.op,
                      .operand0 = first.operand,
                      .reverse0 = first.reverse,
                      .op1 = second.op,
                      .operand1 = second.operand,
                      .reverse1 = second.reverse});
  return out;
}

Tensor tensor_op(const Tensor& a, AluOp op, const Tensor& b, DType dtype) {
  const Tensor out = new_tile(a.shape(), dtype);
  record(TensorTensor{.dst = out, .data1 = a, .data2 = b, .op = op});
  return out;
}

Tensor in_sbuf(const Tensor& x) { return x.tile().in_sbuf() ? x : copied(x, x.dtype()); }

Tensor repeat_partition(const Tensor& x, int64_t partitions) {
  Shape shape = x.shape();
  shape[0] = partitions;
  const Tensor out = new_tile(shape, x.dtype());
  constexpr int64_t quadrant = NcStreamShuffle::quadrant;
  for (int64_t first = 0; first < partitions; first += quadrant) {
    const Tensor rows = out.slice(0, first, std::min(first + quadrant, partitions));
    record(NcStreamShuffle{.dst = rows, .src = x, .shuffle_mask = {}});
  }
  return out;
}

std::optional<Aligned> align(std::string_view function, const Tensor& x, const Tensor& y) {
  const int rank = std::max(x.rank(), y.rank());
  Aligned result{with_rank(x, rank), with_rank(y, rank), {}};
  for (int d = 0; d < rank; ++d) {
    const int64_t a = result.x.shape(d), b = result.y.shape(d);
    if (a == b || a == 1 || b == 1) {
      result.shape.push_back(std::max(a, b));
      continue;
    }
    if (d == 0) {
      report_as(function).add(diag::partition_mismatch, "x has {} partitions, y has {}", a, b);
    } else {
      report_as(function).add(diag::size_mismatch,
                              "x is {}, y is {}; sizes must be the same, or one of them 1",
                              shape_text(x), shape_text(y));
    }
    return std::nullopt;
  }
  const int64_t partitions = result.shape[0];
  if (result.x.shape(0) != partitions) result.x = repeat_partition(result.x, partitions);
  if (result.y.shape(0) != partitions) result.y = repeat_partition(result.y, partitions);
  return result;
}

Tensor stretched(Tensor x, const Shape& shape) {
  for (int d = 1; d < x.rank(); ++d) {
    const int64_t size = shape[static_cast<size_t>(d)];
    if (x.shape(d) != size) x = x.broadcast(d, size);
  }
  return x;
}

std::optional<DType> result_dtype(std::string_view function, const Value& x, const Value& y,
                                  std::optional<DType> dtype) {
  if (!x.is_tensor() && !y.is_tensor()) {
    report_as(function).add(diag::bad_argument, "x and y are constants; one must be a tile");
    return std::nullopt;
  }
  if (x.is_tensor() && !must_be_on_chip(function, "x", x.tensor())) return std::nullopt;
  if (y.is_tensor() && !must_be_on_chip(function, "y", y.tensor())) return std::nullopt;
  if (dtype) return dtype;
  if (!y.is_tensor()) return x.tensor().dtype();
  if (!x.is_tensor()) return y.tensor().dtype();
  return common_dtype(x.tensor().dtype(), y.tensor().dtype());
}

Tensor stand_in(const Value& x, const Value& y, std::optional<DType> dtype) {
  const Value& like = x.is_tensor() ? x : y;
  if (!like.is_tensor()) return stand_in(Shape{1, 1}, dtype.value_or(DType::float32));
  return stand_in(like.tensor().shape(), dtype.value_or(like.tensor().dtype()));
}

Tensor combined(std::string_view function, AluOp op, const Value& x, const Value& y,
                std::optional<DType> dtype) {
  const std::optional<DType> type = result_dtype(function, x, y, dtype);
  if (!type) return stand_in(x, y, dtype);
  if (!y.is_tensor()) return scalar_op(x.tensor(), {op, y.operand(op)}, {}, *type);
  if (!x.is_tensor()) return scalar_op(y.tensor(), {op, x.operand(op), true}, {}, *type);

  const std::optional<Aligned> pair = align(function, x.tensor(), y.tensor());
  if (!pair) return stand_in(x, y, type);
  Tensor a = pair->x, b = pair->y;
  if (is_column(b) && !is_column(a) && is_operand(b, op)) {
    return scalar_op(a, {op, b}, {}, *type);
  }
  if (is_column(a) && !is_column(b) && is_operand(a, op)) {
    return scalar_op(b, {op, a, true}, {}, *type);
  }
  // The power runs on the GpSimd engine, which cannot reach PSUM.
  if (op == AluOp::power) a = in_sbuf(a);
  if (op == AluOp::power || a.tile().in_psum()) b = in_sbuf(b);
  return tensor_op(stretched(a, pair->shape), op, stretched(b, pair->shape), *type);
}

}  // namespace kiln::dsl::internal
