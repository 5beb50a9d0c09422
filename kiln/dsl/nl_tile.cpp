// Selecting, broadcasting, transposing and multiplying tiles.

#include <algorithm>

#include "kiln/dsl/nl.h"
#include "kiln/dsl/nl_support.h"

namespace kiln::dsl::nl {

using internal::copied;
using internal::in_sbuf;
using internal::must_be_on_chip;
using internal::new_tile;
using internal::record;
using internal::repeat_partition;
using internal::report_as;
using internal::result_dtype;
using internal::scalar_op;
using internal::shape_text;
using internal::stand_in;
using internal::stretched;

namespace {

bool is_predicate(DType dtype) { return dtype == uint8 || dtype == uint16 || dtype == uint32; }

// The condition as what tensor_copy_predicated takes.
Tensor predicate_of(const Tensor& condition) {
  if (is_predicate(condition.dtype())) return condition;
  return scalar_op(condition, {AluOp::not_equal, 0.0f}, {}, uint8);
}

// Whether each dimension has its size or 1.
bool can_broadcast(const Tensor& x, const Shape& shape) {
  if (static_cast<size_t>(x.rank()) != shape.size()) return false;
  for (int d = 0; d < x.rank(); ++d) {
    if (x.shape(d) != 1 && x.shape(d) != shape[static_cast<size_t>(d)]) return false;
  }
  return true;
}

// Repeats dimensions of size 1, without moving data where that is possible.
Tensor spread(const Tensor& x, const Shape& shape) {
  return stretched(x.shape(0) == shape[0] ? x : repeat_partition(x, shape[0]), shape);
}

// The shape that the tiles of `where` have together; none, after a complaint, if one does not fit.
std::optional<Shape> selection_shape(const Tensor& condition, const Value& x, const Value& y) {
  std::vector<std::pair<std::string_view, Tensor>> tiles{{"condition", condition}};
  if (x.is_tensor()) tiles.emplace_back("x", x.tensor());
  if (y.is_tensor()) tiles.emplace_back("y", y.tensor());
  Shape shape = condition.shape();
  for (const auto& [argument, tile] : tiles) {
    for (int d = 0; d < tile.rank() && d < condition.rank(); ++d) {
      int64_t& size = shape[static_cast<size_t>(d)];
      size = std::max(size, tile.shape(d));
    }
  }
  for (const auto& [argument, tile] : tiles) {
    if (can_broadcast(tile, shape)) continue;
    report_as("where").add(diag::size_mismatch, "{} is {}; the result is ({})", argument,
                           shape_text(tile), fmt::join(shape, ", "));
    return std::nullopt;
  }
  return shape;
}

// `x` in blocks that the Vector engine can transpose.
void transpose_by_blocks(const Tensor& out, const Tensor& x) {
  const int64_t block = recorder().target().vector_transpose_size;
  for (int64_t i = 0; i < x.shape(0); i += block) {
    const int64_t i_end = std::min(i + block, x.shape(0));
    for (int64_t j = 0; j < x.shape(1); j += block) {
      const int64_t j_end = std::min(j + block, x.shape(1));
      record(NcTranspose{.dst = out.slice(0, j, j_end).slice(1, i, i_end),
                         .data = x.slice(0, i, i_end).slice(1, j, j_end),
                         .engine = Engine::vector});
    }
  }
}

// The transpose of a two-dimensional tile, in PSUM.
Tensor transposed(const Tensor& x) {
  const Tensor out = new_tile({x.shape(1), x.shape(0)}, x.dtype(), psum);
  if (size_bytes(x.dtype()) == 4 || recorder().target().low_precision_psum_transpose) {
    record(NcTranspose{.dst = out, .data = in_sbuf(x), .engine = Engine::tensor});
  } else {
    transpose_by_blocks(out, x);
  }
  return out;
}

// A two-dimensional tile on chip of at most 128 by 128; complains if not.
bool can_transpose(std::string_view function, const Tensor& x) {
  if (!must_be_on_chip(function, "x", x)) return false;
  const int64_t limit = recorder().target().matmul_stationary_free;
  if (x.rank() != 2) {
    report_as(function).add(diag::bad_shape, "x has {} dimensions; it must have 2", x.rank());
  } else if (x.shape(0) > limit || x.shape(1) > limit) {
    report_as(function).add(diag::tile_too_large, "x is {}; up to {} by {} can be transposed",
                            shape_text(x), limit, limit);
  } else {
    return true;
  }
  return false;
}

}  // namespace

Tensor where(const Tensor& condition, const Value& x, const Value& y, std::optional<DType> dtype,
             const CallSite& site) {
  site.enter();
  constexpr std::string_view name = "where";
  std::optional<DType> type = dtype.value_or(float32);
  if (x.is_tensor() || y.is_tensor()) type = result_dtype(name, x, y, dtype);
  if (!must_be_on_chip(name, "condition", condition) || !type) {
    return stand_in(condition.shape(), dtype.value_or(float32));
  }
  const std::optional<Shape> shape = selection_shape(condition, x, y);
  if (!shape) return stand_in(condition.shape(), *type);

  const Tensor out = new_tile(*shape, *type);
  if (y.is_tensor()) {
    record(TensorCopy{.dst = out, .src = spread(y.tensor(), *shape)});
  } else {
    record(Memset{.dst = out, .value = internal::fill_constant(y, out.dtype())});
  }
  InOrScalar chosen = x.operand(AluOp::none);
  if (x.is_tensor()) {
    const bool usable = x.tensor().dtype() == *type && x.tensor().tile().in_sbuf();
    chosen = spread(usable ? x.tensor() : copied(x.tensor(), *type), *shape);
  }
  record(TensorCopyPredicated{
      .dst = out, .src = chosen, .predicate = spread(predicate_of(condition), *shape)});
  return out;
}

Tensor gather_flattened(const Tensor& data, const Tensor& indices, int axis,
                        std::optional<DType> dtype, const CallSite& site) {
  site.enter();
  constexpr std::string_view name = "gather_flattened";
  const DType type = dtype.value_or(data.dtype());
  if (!must_be_on_chip(name, "data", data) || !must_be_on_chip(name, "indices", indices)) {
    return stand_in(indices.shape(), type);
  }
  if (axis != 0) {
    report_as(name).add(diag::bad_argument, "axis is {}; it must be 0", axis);
    return stand_in(indices.shape(), type);
  }
  if (!is_integer(indices.dtype())) {
    report_as(name).add(diag::dtype_mismatch, "indices is {}; it must be an integer type",
                        name_of(indices.dtype()));
    return stand_in(indices.shape(), type);
  }
  const Tensor out = new_tile(indices.shape(), data.dtype());
  const Tensor words = indices.dtype() == uint32 ? indices : copied(indices, uint32);
  record(NcNGather{.dst = out, .data = in_sbuf(data), .indices = in_sbuf(words)});
  return type == data.dtype() ? out : copied(out, type);
}

Tensor expand_dims(const Tensor& x, int axis, const CallSite& site) {
  site.enter();
  return x.expand_dim(axis < 0 ? axis + x.rank() + 1 : axis);
}

Tensor broadcast_to(const Tensor& x, const Shape& shape, std::optional<DType> dtype,
                    const CallSite& site) {
  site.enter();
  constexpr std::string_view name = "broadcast_to";
  const DType type = dtype.value_or(x.dtype());
  if (!must_be_on_chip(name, "x", x)) return stand_in(shape, type);
  if (!can_broadcast(x, shape)) {
    report_as(name).add(diag::bad_shape, "x is {}; it cannot become ({})", shape_text(x),
                        fmt::join(shape, ", "));
    return stand_in(shape, type);
  }
  const Tensor same = x.dtype() == type ? x : copied(x, type);
  if (x.shape() == shape) return same;
  const Tensor wide = stretched(same, shape);
  if (x.shape(0) != shape[0]) return repeat_partition(wide, shape[0]);
  return copied(wide, type);
}

Tensor transpose(const Tensor& x, std::optional<DType> dtype, const CallSite& site) {
  site.enter();
  const DType type = dtype.value_or(x.dtype());
  if (!can_transpose("transpose", x)) {
    return stand_in({x.shape(x.rank() - 1), x.shape(0)}, type, psum);
  }
  return transposed(x.dtype() == type ? x : copied(x, type));
}

Tensor matmul(const Tensor& x, const Tensor& y, bool transpose_x, const CallSite& site) {
  site.enter();
  const Shape product{transpose_x ? x.tile().free_elements() : x.shape(0),
                      y.tile().free_elements()};
  if (!must_be_on_chip("matmul", "x", x) || !must_be_on_chip("matmul", "y", y) ||
      (!transpose_x && !can_transpose("matmul", x))) {
    return stand_in(product, float32, psum);
  }
  if (!transpose_x) {
    report_as("matmul").add(diag::may_not_build,
                            "transpose_x is false; nl.matmul was built with transpose_x=True only");
  }
  const Tensor stationary = transpose_x ? x : copied(transposed(x), x.dtype());
  const Tensor out = new_tile(product, float32, psum);
  record(NcMatmul{.dst = out, .stationary = stationary, .moving = y});
  return out;
}

}  // namespace kiln::dsl::nl
