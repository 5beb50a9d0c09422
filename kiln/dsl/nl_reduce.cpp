// Reductions over free dimensions, and the normalisations made of them.

#include "kiln/dsl/nl.h"
#include "kiln/dsl/nl_support.h"

namespace kiln::dsl::nl {

using internal::activated;
using internal::combined;
using internal::must_be_on_chip;
using internal::new_tile;
using internal::record;
using internal::report_as;
using internal::scalar_op;
using internal::stand_in;

namespace {

// A checked axis: the last `count` dimensions of a tile.
struct Reduced {
  Axes axes;
  Shape kept;            // the tile's shape with reduced dimensions of size 1
  Shape dropped;         // without them, though an on-chip tile keeps one free dimension
  int64_t elements = 1;  // that make one result
  bool all_free = false;
};

// None, after a complaint, if the axis is not the last dimensions, without dimension 0.
std::optional<Reduced> reduced(std::string_view function, const Tensor& x, const Axis& axis) {
  if (!must_be_on_chip(function, "x", x)) return std::nullopt;
  const int rank = x.rank();
  Reduced result;
  for (const int given : axis.dims) {
    const int dim = given < 0 ? given + rank : given;
    if (dim < 0 || dim >= rank) {
      report_as(function).add(diag::bad_argument, "axis is {}; x has {} dimensions", given, rank);
      return std::nullopt;
    }
    result.axes.bits |= static_cast<uint8_t>(1 << dim);
  }
  int first = rank;
  while (first > 0 && result.axes.contains(first - 1)) --first;
  if (first == 0 || first == rank || result.axes.bits >> first << first != result.axes.bits) {
    report_as(function).add(diag::bad_argument,
                            "axis is ({}); it must be the last dimensions of the {}, without "
                            "dimension 0",
                            fmt::join(axis.dims, ", "), rank);
    return std::nullopt;
  }
  for (int d = 0; d < rank; ++d) {
    result.kept.push_back(d < first ? x.shape(d) : 1);
    if (d < first) result.dropped.push_back(x.shape(d));
    if (d >= first) result.elements *= x.shape(d);
  }
  if (first == 1) result.dropped.push_back(1);
  result.all_free = first == 1;
  return result;
}

Tensor reduce(AluOp op, const Tensor& x, const Reduced& r, const ReduceOptions& options,
              bool negate = false) {
  const Tensor out =
      new_tile(options.keepdims ? r.kept : r.dropped, options.dtype.value_or(x.dtype()));
  record(TensorReduce{.dst = out,
                      .op = op,
                      .data = x,
                      .axis = r.axes,
                      .negate = negate,
                      .keepdims = options.keepdims});
  return out;
}

// After a complaint about the axis: every dimension but the first reduced.
Tensor reduced_stand_in(const Tensor& x, std::optional<DType> dtype) {
  return stand_in({x.shape(0), 1}, dtype.value_or(x.dtype()));
}

Tensor reduce_with(std::string_view function, AluOp op, const Tensor& x, const Axis& axis,
                   const ReduceOptions& options) {
  const std::optional<Reduced> r = reduced(function, x, axis);
  return r ? reduce(op, x, *r, options) : reduced_stand_in(x, options.dtype);
}

// No engine divides.
float inverse(int64_t n) { return static_cast<float>(1.0 / static_cast<double>(n)); }

Tensor mean_of(const Tensor& x, const Reduced& r, const ReduceOptions& options) {
  const Tensor total = reduce(AluOp::add, x, r, {.dtype = float32, .keepdims = options.keepdims});
  return scalar_op(total, {AluOp::multiply, inverse(r.elements)}, {},
                   options.dtype.value_or(x.dtype()));
}

// op(x + bias) and the sums over all free dimensions, in one pass.
struct Summed {
  Tensor values;
  Tensor sums;  // [partitions, 1]
};
Summed activate_and_sum(ActivationOp op, const Tensor& x, const InOrScalar& bias, DType dtype) {
  const Summed result{new_tile(x.shape(), dtype), new_tile({x.shape(0), 1}, float32)};
  record(Activation{.dst = result.values,
                    .op = op,
                    .data = x,
                    .bias = bias,
                    .reduce_op = AluOp::add,
                    .reduce_res = result.sums,
                    .reduce_cmd = ReduceCmd::reset_reduce});
  return result;
}

// exp(x - max(x)) and its sums.
Summed exponentials(const Tensor& x, const Reduced& r) {
  const ReduceOptions keep{.dtype = float32, .keepdims = true};
  if (r.all_free) {
    const Tensor bias = reduce(AluOp::maximum, x, r, {.dtype = float32}, true);
    return activate_and_sum(ActivationOp::exp, x, bias, float32);
  }
  const Tensor largest = reduce(AluOp::maximum, x, r, keep);
  const Tensor shifted = combined("softmax", AluOp::subtract, x, largest, float32);
  const Tensor values = activated(ActivationOp::exp, shifted, float32);
  return {values, reduce(AluOp::add, values, r, keep)};
}

}  // namespace

Tensor sum(const Tensor& x, const Axis& axis, const ReduceOptions& options, const CallSite& site) {
  site.enter();
  return reduce_with("sum", AluOp::add, x, axis, options);
}

Tensor prod(const Tensor& x, const Axis& axis, const ReduceOptions& options, const CallSite& site) {
  site.enter();
  return reduce_with("prod", AluOp::multiply, x, axis, options);
}

Tensor max(const Tensor& x, const Axis& axis, const ReduceOptions& options, const CallSite& site) {
  site.enter();
  return reduce_with("max", AluOp::maximum, x, axis, options);
}

Tensor min(const Tensor& x, const Axis& axis, const ReduceOptions& options, const CallSite& site) {
  site.enter();
  return reduce_with("min", AluOp::minimum, x, axis, options);
}

Tensor all(const Tensor& x, const Axis& axis, std::optional<DType> dtype, const CallSite& site) {
  site.enter();
  return reduce_with("all", AluOp::logical_and, x, axis, {.dtype = dtype});
}

Tensor mean(const Tensor& x, const Axis& axis, const ReduceOptions& options, const CallSite& site) {
  site.enter();
  const std::optional<Reduced> r = reduced("mean", x, axis);
  return r ? mean_of(x, *r, options) : reduced_stand_in(x, options.dtype);
}

Tensor var(const Tensor& x, const Axis& axis, const ReduceOptions& options, const CallSite& site) {
  site.enter();
  const std::optional<Reduced> r = reduced("var", x, axis);
  if (!r) return reduced_stand_in(x, options.dtype);
  const Tensor center = mean_of(x, *r, {.dtype = float32, .keepdims = true});
  const Tensor offsets = combined("var", AluOp::subtract, x, center, float32);
  const Tensor squares = activated(ActivationOp::square, offsets, float32);
  return mean_of(squares, *r, {.dtype = options.dtype.value_or(x.dtype()), .keepdims = true});
}

Tensor softmax(const Tensor& x, const Axis& axis, std::optional<DType> dtype,
               const CallSite& site) {
  site.enter();
  const DType type = dtype.value_or(x.dtype());
  const std::optional<Reduced> r = reduced("softmax", x, axis);
  if (!r) return stand_in(x.shape(), type);
  const Summed e = exponentials(x, *r);
  const Tensor factors = new_tile(e.sums.shape(), float32);
  record(Reciprocal{.dst = factors, .data = e.sums});
  return combined("softmax", AluOp::multiply, e.values, factors, type);
}

Tensor rms_norm(const Tensor& x, const Tensor& w, const Axis& axis, int64_t n,
                const RmsNormOptions& options, const CallSite& site) {
  site.enter();
  constexpr std::string_view name = "rms_norm";
  const DType type = options.dtype.value_or(x.dtype());
  const DType inner = options.compute_dtype.value_or(float32);
  const std::optional<Reduced> r = reduced(name, x, axis);
  if (n < 1) report_as(name).add(diag::bad_argument, "n is {}; it must be 1 or more", n);
  if (!r || n < 1 || !must_be_on_chip(name, "w", w)) return stand_in(x.shape(), type);

  Tensor sums;
  if (r->all_free) {
    sums = activate_and_sum(ActivationOp::square, x, {}, inner).sums;
  } else {
    sums = reduce(AluOp::add, activated(ActivationOp::square, x, inner), *r,
                  {.dtype = float32, .keepdims = true});
  }
  const Tensor mean_square = scalar_op(sums, {AluOp::multiply, inverse(n)},
                                       {AluOp::add, static_cast<float>(options.epsilon)}, float32);
  const Tensor factors = activated(ActivationOp::rsqrt, mean_square, float32);
  const Tensor normalised = combined(name, AluOp::multiply, x, factors, inner);
  return combined(name, AluOp::multiply, normalised, w, type);
}

}  // namespace kiln::dsl::nl
