// Random numbers.

#include <algorithm>

#include "kiln/dsl/nl.h"
#include "kiln/dsl/nl_support.h"

namespace kiln::dsl::nl {

using internal::copied;
using internal::must_be_on_chip;
using internal::new_tile;
using internal::record;
using internal::stand_in;

namespace {

// Elements of a partition of the tile by which HBM is filled.
constexpr int64_t row_elements_max = 2048;

// Fills an on-chip tile with numbers in [0, 1): the upper 24 of 32 random bits, over 2^24.
void fill_uniform(const Tensor& out) {
  if (recorder().target().generation >= Rand2::spec.since) {
    record(Rand2{.dst = out, .min = 0.0f, .max = 1.0f});
    return;
  }
  const Tensor bits = new_tile(out.shape(), uint32);
  record(Rng{.dst = bits});
  record(TensorScalar{.dst = bits, .data = bits, .op0 = AluOp::right_shift, .operand0 = 8});
  record(TensorScalar{.dst = out, .data = bits, .op0 = AluOp::multiply, .operand0 = 0x1p-24f});
}

// Engines do not reach HBM: numbers are made in SBUF, a tile at a time.
void fill_hbm(const Tensor& out) {
  const int64_t elements = out.size();
  const int64_t partitions = recorder().target().partitions;
  const Tensor flat = out.reshape({elements});
  for (int64_t first = 0; first < elements;) {
    const int64_t left = elements - first;
    const int64_t row = std::min(left, row_elements_max);
    const int64_t rows = std::min(left / row, partitions);
    const Tensor tile = new_tile({rows, row}, out.dtype());
    fill_uniform(tile);
    record(DmaCopy{.dst = flat.slice(0, first, first + rows * row), .src = tile});
    first += rows * row;
  }
}

}  // namespace

Tensor rand(const Shape& shape, DType dtype, Memory buffer, std::string_view name,
            const CallSite& site) {
  site.enter();
  const Tensor out(
      recorder().allocate({.shape = shape, .dtype = dtype, .memory = buffer, .name = name}));
  if (is_hbm(buffer)) {
    fill_hbm(out);
  } else {
    fill_uniform(out);
  }
  return out;
}

void random_seed(const Tensor& seed, const CallSite& site) {
  site.enter();
  record(SetRngSeed{.src_seeds = seed});
}

Tensor dropout(const Tensor& x, const Value& rate, std::optional<DType> dtype,
               const CallSite& site) {
  site.enter();
  const DType type = dtype.value_or(x.dtype());
  if (!must_be_on_chip("dropout", "x", x)) return stand_in(x.shape(), type);
  const Tensor out = new_tile(x.shape(), x.dtype());
  record(Dropout{.dst = out, .data = x, .prob = rate.operand(AluOp::none)});
  return type == x.dtype() ? out : copied(out, type);
}

}  // namespace kiln::dsl::nl
