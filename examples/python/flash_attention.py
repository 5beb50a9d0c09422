"""softmax(q k^T / sqrt(d)) v, without ever holding more scores than one tile: the softmax of a row
is built up from tile to tile of keys (Dao et al., FlashAttention, 2022). The C++ twin is
examples/cpp/flash_attention.cpp."""

import math

import nki
import nki.isa as nisa
import nki.language as nl
import numpy as np

QUERIES = 128  # of one tile, and columns of one transpose
KEYS_MAX = 512  # of one tile: float32 scores fill a PSUM bank
MASKED = -1e30


class Progress(nl.NKIObject):
    """The softmax of one query tile as far as the keys have been seen."""

    negative_max = None  # [QUERIES, 1], of the scaled scores
    sum = None  # [QUERIES, 1], of exp(score - max)
    out = None  # [QUERIES, d], the sum of exp(score - max) * v


def load_values(v):
    """v as [128, seq / 128, d], so that every 128 positions are a tile."""
    tiles, d = v.shape[0] // QUERIES, v.shape[1]
    values = nl.ndarray((QUERIES, tiles, d), dtype=v.dtype, buffer=nl.sbuf)
    nisa.dma_copy(dst=values, src=v.reshape((tiles, QUERIES, d)).permute((1, 0, 2)))
    return values


def scores_of(q_tile, k_tile, on_diagonal):
    """q k^T of one tile. On the diagonal its last 128 columns are masked above the diagonal."""
    keys = k_tile.shape[1]
    product = nl.ndarray((QUERIES, keys), dtype=nl.float32, buffer=nl.psum)
    nisa.nc_matmul(dst=product, stationary=q_tile, moving=k_tile)
    if not on_diagonal:
        return product
    scores = nl.ndarray((QUERIES, keys), dtype=nl.float32, buffer=nl.sbuf)
    nisa.tensor_copy(dst=scores, src=product)
    corner = scores[:, nl.ds(keys - QUERIES, QUERIES)]
    nisa.affine_select(
        dst=corner,
        pattern=[[-1, QUERIES]],
        channel_multiplier=1,
        on_true_tile=corner,
        on_false_value=MASKED,
        cmp_op=nl.greater_equal,
    )
    return scores


def times_values(p, values, first_tile):
    """p [QUERIES, keys] times the values of these keys: the transposes of p's columns are the
    stationary operands."""
    keys, d = p.shape[1], values.shape[2]
    flipped = nl.ndarray((QUERIES, keys), dtype=p.dtype, buffer=nl.psum)
    for j in range(0, keys, QUERIES):
        columns = nl.ds(j, QUERIES)
        nisa.nc_transpose(dst=flipped[:, columns], data=p[:, columns])
    p_t = nl.ndarray((QUERIES, keys), dtype=p.dtype, buffer=nl.sbuf)
    nisa.tensor_copy(dst=p_t, src=flipped)
    product = nl.ndarray((QUERIES, d), dtype=nl.float32, buffer=nl.psum)
    for t in range(keys // QUERIES):
        nisa.nc_matmul(
            dst=product,
            stationary=p_t[:, nl.ds(t * QUERIES, QUERIES)],
            moving=values[:, first_tile + t, :],
        )
    return product


def correction(old_negative_max, negative_max):
    """exp(old max - new max): what the sums so far are too large by."""
    factor = nl.ndarray((QUERIES, 1), dtype=nl.float32, buffer=nl.sbuf)
    nisa.activation(dst=factor, op=nl.exp, data=old_negative_max, bias=negative_max, scale=-1.0)
    return factor


def attend(progress, scores, values, first_tile, scale):
    """Takes the scores of one more tile of keys into account; the first makes the progress."""
    first = progress.out is None
    negative_max = nl.ndarray((QUERIES, 1), dtype=nl.float32, buffer=nl.sbuf)
    nisa.tensor_reduce(dst=negative_max, op=nl.maximum, data=scores, axis=1, negate=True)
    if first:
        nisa.tensor_scalar(dst=negative_max, data=negative_max, op0=nl.multiply, operand0=scale)
    else:
        nisa.tensor_scalar(
            dst=negative_max,
            data=negative_max,
            op0=nl.multiply,
            operand0=scale,
            op1=nl.minimum,
            operand1=progress.negative_max,
        )
    p = nl.ndarray(scores.shape, dtype=values.dtype, buffer=nl.sbuf)
    p_sum = nl.ndarray((QUERIES, 1), dtype=nl.float32, buffer=nl.sbuf)
    nisa.activation_reduce(
        dst=p,
        op=nl.exp,
        data=scores,
        reduce_op=nl.add,
        reduce_res=p_sum,
        bias=negative_max,
        scale=scale,
    )
    product = times_values(p, values, first_tile)
    if first:
        progress.sum = p_sum
        progress.out = nl.ndarray(product.shape, dtype=nl.float32, buffer=nl.sbuf)
        nisa.tensor_copy(dst=progress.out, src=product)
    else:
        factor = correction(progress.negative_max, negative_max)
        nisa.scalar_tensor_tensor(
            dst=progress.sum,
            data=progress.sum,
            op0=nl.multiply,
            operand0=factor,
            op1=nl.add,
            operand1=p_sum,
        )
        nisa.scalar_tensor_tensor(
            dst=progress.out,
            data=progress.out,
            op0=nl.multiply,
            operand0=factor,
            op1=nl.add,
            operand1=product,
        )
    progress.negative_max = negative_max


@nki.jit
def flash_attention(q, k, v, causal=False):
    """q and k are [d, seq], v is [seq, d], the result [seq, d]; d is at most 128, seq a multiple of
    128. With `causal` a query sees only the keys up to its own position."""
    d, seq = q.shape
    scale = 1 / math.sqrt(d)
    out = nl.ndarray((seq, d), dtype=q.dtype, buffer=nl.shared_hbm)
    k_sbuf = nl.ndarray((d, seq), dtype=k.dtype, buffer=nl.sbuf)
    nisa.dma_copy(dst=k_sbuf, src=k)
    values = load_values(v)

    for i in range(0, seq, QUERIES):
        rows = nl.ds(i, QUERIES)
        q_tile = nl.ndarray((d, QUERIES), dtype=q.dtype, buffer=nl.sbuf)
        nisa.dma_copy(dst=q_tile, src=q[:, rows])

        keys_end = i + QUERIES if causal else seq
        progress = Progress()
        for j in range(0, keys_end, KEYS_MAX):
            keys = min(KEYS_MAX, keys_end - j)
            on_diagonal = causal and j + keys == keys_end
            scores = scores_of(q_tile, k_sbuf[:, nl.ds(j, keys)], on_diagonal)
            attend(progress, scores, values, j // QUERIES, scale)
        factors = nl.ndarray((QUERIES, 1), dtype=nl.float32, buffer=nl.sbuf)
        nisa.reciprocal(dst=factors, data=progress.sum)
        result = nl.ndarray((QUERIES, d), dtype=q.dtype, buffer=nl.sbuf)
        nisa.tensor_scalar(dst=result, data=progress.out, op0=nl.multiply, operand0=factors)
        nisa.dma_copy(dst=out[rows, :], src=result)
    return out


def inputs():
    random = np.random.default_rng(1)
    return (
        random.standard_normal((128, 2048), dtype=np.float32),
        random.standard_normal((128, 2048), dtype=np.float32),
        random.standard_normal((2048, 128), dtype=np.float32),
    )


if __name__ == "__main__":
    q, k, v = inputs()
    for causal in (False, True):
        scores = q.T.astype(np.float64) @ k / math.sqrt(q.shape[0])
        if causal:
            scores[np.triu_indices_from(scores, 1)] = -np.inf
        p = np.exp(scores - scores.max(axis=1, keepdims=True))
        expected = p / p.sum(axis=1, keepdims=True) @ v
        result = nki.simulate(flash_attention)(q, k, v, causal)
        error = np.abs(result - expected).max() / np.abs(expected).max()
        assert error <= 2e-6, f"the largest error is {error} of the largest element"
