#include "examples/cpp/flash_attention.h"

#include <algorithm>
#include <cmath>

#include "kiln/dsl/nisa.h"
#include "kiln/dsl/nl.h"

namespace examples {

using kiln::dsl::all;
using kiln::dsl::Tensor;
namespace nisa = kiln::dsl::nisa;
namespace nl = kiln::dsl::nl;

namespace {

constexpr int64_t queries = 128;   // of one tile, and columns of one transpose
constexpr int64_t keys_max = 512;  // of one tile: float32 scores fill a PSUM bank
constexpr float masked = -1e30f;

// The softmax of one query tile as far as the keys have been seen.
struct Progress {
  Tensor negative_max;  // [queries, 1], of the scaled scores
  Tensor sum;           // [queries, 1], of exp(score - max)
  Tensor out;           // [queries, d], the sum of exp(score - max) * v
};

// v as [128, seq / 128, d], so that every 128 positions are a tile.
Tensor load_values(Tensor v) {
  const int64_t tiles = v.shape(0) / queries, d = v.shape(1);
  const Tensor values = nl::ndarray({queries, tiles, d}, v.dtype(), nl::sbuf);
  nisa::dma_copy({.dst = values, .src = v.reshape({tiles, queries, d}).permute({1, 0, 2})});
  return values;
}

// q k^T of one tile. On the diagonal its last 128 columns are masked above the diagonal.
Tensor scores_of(Tensor q_tile, Tensor k_tile, bool on_diagonal) {
  const int64_t keys = k_tile.shape(1);
  const Tensor product = nl::ndarray({queries, keys}, nl::float32, nl::psum);
  nisa::nc_matmul({.dst = product, .stationary = q_tile, .moving = k_tile});
  if (!on_diagonal) return product;
  const Tensor scores = nl::ndarray({queries, keys}, nl::float32, nl::sbuf);
  nisa::tensor_copy({.dst = scores, .src = product});
  const Tensor corner = scores[{all, nl::ds(keys - queries, queries)}];
  nisa::affine_select({.dst = corner,
                       .pattern = {{.step = -1, .num = queries}},
                       .channel_multiplier = 1,
                       .on_true_tile = corner,
                       .on_false_value = masked,
                       .cmp_op = nl::greater_equal});
  return scores;
}

// p [queries, keys] times the values of these keys: the transposes of p's columns are the
// stationary operands.
Tensor times_values(Tensor p, Tensor values, int64_t first_tile) {
  const int64_t keys = p.shape(1), d = values.shape(2);
  const Tensor flipped = nl::ndarray({queries, keys}, p.dtype(), nl::psum);
  for (int64_t j = 0; j < keys; j += queries) {
    const auto columns = nl::ds(j, queries);
    nisa::nc_transpose({.dst = flipped[{all, columns}], .data = p[{all, columns}]});
  }
  const Tensor p_t = nl::ndarray({queries, keys}, p.dtype(), nl::sbuf);
  nisa::tensor_copy({.dst = p_t, .src = flipped});
  const Tensor product = nl::ndarray({queries, d}, nl::float32, nl::psum);
  for (int64_t t = 0; t < keys / queries; ++t) {
    nisa::nc_matmul({.dst = product,
                     .stationary = p_t[{all, nl::ds(t * queries, queries)}],
                     .moving = values[{all, first_tile + t, all}]});
  }
  return product;
}

// exp(old max - new max): what the sums so far are too large by.
Tensor correction(Tensor old_negative_max, Tensor negative_max) {
  const Tensor factor = nl::ndarray({queries, 1}, nl::float32, nl::sbuf);
  nisa::activation({.dst = factor,
                    .op = nl::exp,
                    .data = old_negative_max,
                    .bias = negative_max,
                    .scale = -1.0f});
  return factor;
}

// Takes the scores of one more tile of keys into account; the first makes the progress.
void attend(Progress& progress, Tensor scores, Tensor values, int64_t first_tile, float scale) {
  const bool first = !progress.out.valid();
  const Tensor negative_max = nl::ndarray({queries, 1}, nl::float32, nl::sbuf);
  nisa::tensor_reduce(
      {.dst = negative_max, .op = nl::maximum, .data = scores, .axis = {1}, .negate = true});
  if (first) {
    nisa::tensor_scalar(
        {.dst = negative_max, .data = negative_max, .op0 = nl::multiply, .operand0 = scale});
  } else {
    nisa::tensor_scalar({.dst = negative_max,
                         .data = negative_max,
                         .op0 = nl::multiply,
                         .operand0 = scale,
                         .op1 = nl::minimum,
                         .operand1 = progress.negative_max});
  }
  const Tensor p = nl::ndarray(scores.shape(), values.dtype(), nl::sbuf);
  const Tensor p_sum = nl::ndarray({queries, 1}, nl::float32, nl::sbuf);
  nisa::activation_reduce({.dst = p,
                           .op = nl::exp,
                           .data = scores,
                           .reduce_op = nl::add,
                           .reduce_res = p_sum,
                           .bias = negative_max,
                           .scale = scale});
  const Tensor product = times_values(p, values, first_tile);
  if (first) {
    progress.sum = p_sum;
    progress.out = nl::ndarray(product.shape(), nl::float32, nl::sbuf);
    nisa::tensor_copy({.dst = progress.out, .src = product});
  } else {
    const Tensor factor = correction(progress.negative_max, negative_max);
    nisa::scalar_tensor_tensor({.dst = progress.sum,
                                .data = progress.sum,
                                .op0 = nl::multiply,
                                .operand0 = factor,
                                .op1 = nl::add,
                                .operand1 = p_sum});
    nisa::scalar_tensor_tensor({.dst = progress.out,
                                .data = progress.out,
                                .op0 = nl::multiply,
                                .operand0 = factor,
                                .op1 = nl::add,
                                .operand1 = product});
  }
  progress.negative_max = negative_max;
}

}  // namespace

Tensor flash_attention(Tensor q, Tensor k, Tensor v, bool causal) {
  const int64_t d = q.shape(0), seq = q.shape(1);
  const auto scale = static_cast<float>(1 / std::sqrt(static_cast<double>(d)));
  const Tensor out = nl::ndarray({seq, d}, q.dtype(), nl::shared_hbm);
  const Tensor k_sbuf = nl::ndarray({d, seq}, k.dtype(), nl::sbuf);
  nisa::dma_copy({.dst = k_sbuf, .src = k});
  const Tensor values = load_values(v);

  for (int64_t i = 0; i < seq; i += queries) {
    const auto rows = nl::ds(i, queries);
    const Tensor q_tile = nl::ndarray({d, queries}, q.dtype(), nl::sbuf);
    nisa::dma_copy({.dst = q_tile, .src = q[{all, rows}]});

    const int64_t keys_end = causal ? i + queries : seq;
    Progress progress;
    for (int64_t j = 0; j < keys_end; j += keys_max) {
      const int64_t keys = std::min(keys_max, keys_end - j);
      const bool on_diagonal = causal && j + keys == keys_end;
      const Tensor scores = scores_of(q_tile, k_sbuf[{all, nl::ds(j, keys)}], on_diagonal);
      attend(progress, scores, values, j / queries, scale);
    }
    const Tensor factors = nl::ndarray({queries, 1}, nl::float32, nl::sbuf);
    nisa::reciprocal({.dst = factors, .data = progress.sum});
    const Tensor result = nl::ndarray({queries, d}, q.dtype(), nl::sbuf);
    nisa::tensor_scalar(
        {.dst = result, .data = progress.out, .op0 = nl::multiply, .operand0 = factors});
    nisa::dma_copy({.dst = out[{rows, all}], .src = result});
  }
  return out;
}

}  // namespace examples
