"""Two NKI kernels for the attention of a transformer layer with grouped key/value heads.

Both take q_t [heads, d, seq], k_t [kv_heads, d, seq] and v [kv_heads, seq, d], with d = 128 and seq
a multiple of 512, and return softmax(q k^T / sqrt(d), causal) v as [heads, seq, d].
"""

import math

import nki
import nki.isa as nisa
import nki.language as nl

ROWS = 128  # queries in one tile
COLS = 512  # keys in one tile: one PSUM bank of float32
MASKED = -1e30


def scaled_scores(q_tile, k_tile, first_row, first_col, scale):
    """An SBUF tile [ROWS, COLS] of causally masked q k^T * scale."""
    product = nl.ndarray((ROWS, COLS), dtype=nl.float32, buffer=nl.psum)
    nisa.nc_matmul(dst=product, stationary=q_tile, moving=k_tile)
    scores = nl.ndarray((ROWS, COLS), dtype=nl.float32, buffer=nl.sbuf)
    nisa.tensor_scalar(dst=scores, data=product, op0=nl.multiply, operand0=scale)
    if first_row < first_col + COLS - 1:
        # Row r sees column c if first_row + r >= first_col + c.
        nisa.affine_select(
            dst=scores,
            pattern=[[-1, COLS]],
            offset=first_row - first_col,
            channel_multiplier=1,
            on_true_tile=scores,
            on_false_value=MASKED,
            cmp_op=nl.greater_equal,
        )
    return scores


def transposed(tile):
    """An SBUF tile with a [128, 128] tile transposed, by way of PSUM."""
    flipped = nl.ndarray(tile.shape, dtype=tile.dtype, buffer=nl.psum)
    nisa.nc_transpose(dst=flipped, data=tile)
    result = nl.ndarray(tile.shape, dtype=tile.dtype, buffer=nl.sbuf)
    nisa.tensor_copy(dst=result, src=flipped)
    return result


@nki.jit
def naive_attention(q_t, k_t, v):
    """Writes all scores to HBM, then all probabilities, then multiplies by v."""
    heads, d, seq = q_t.shape
    group = heads // k_t.shape[0]
    scores = nl.ndarray((heads, seq, seq), dtype=nl.float32, buffer=nl.private_hbm)
    probabilities = nl.ndarray((heads, seq, seq), dtype=q_t.dtype, buffer=nl.private_hbm)
    out = nl.ndarray((heads, seq, d), dtype=q_t.dtype, buffer=nl.shared_hbm)

    for h in range(heads):
        for i in range(seq // ROWS):
            rows = slice(i * ROWS, (i + 1) * ROWS)
            q_tile = nl.load(q_t[h, :, rows])
            for j in range(seq // COLS):
                cols = slice(j * COLS, (j + 1) * COLS)
                k_tile = nl.load(k_t[h // group, :, cols])
                tile = scaled_scores(q_tile, k_tile, i * ROWS, j * COLS, 1 / math.sqrt(d))
                nisa.dma_copy(dst=scores[h, rows, cols], src=tile)

    for h in range(heads):
        for i in range(seq // ROWS):
            rows = slice(i * ROWS, (i + 1) * ROWS)
            row_scores = nl.load(scores[h, rows, :])
            minus_max = nl.ndarray((ROWS, 1), dtype=nl.float32, buffer=nl.sbuf)
            nisa.tensor_reduce(dst=minus_max, op=nl.maximum, data=row_scores, axis=1, negate=True)
            exponentials = nl.ndarray((ROWS, seq), dtype=nl.float32, buffer=nl.sbuf)
            row_sum = nl.ndarray((ROWS, 1), dtype=nl.float32, buffer=nl.sbuf)
            nisa.activation_reduce(
                dst=exponentials,
                op=nl.exp,
                data=row_scores,
                reduce_op=nl.add,
                reduce_res=row_sum,
                bias=minus_max,
            )
            nisa.reciprocal(dst=row_sum, data=row_sum)
            p = nl.ndarray((ROWS, seq), dtype=q_t.dtype, buffer=nl.sbuf)
            nisa.tensor_scalar(dst=p, data=exponentials, op0=nl.multiply, operand0=row_sum)
            nisa.dma_copy(dst=probabilities[h, rows, :], src=p)

    for h in range(heads):
        for i in range(seq // ROWS):
            rows = slice(i * ROWS, (i + 1) * ROWS)
            total = nl.ndarray((ROWS, d), dtype=nl.float32, buffer=nl.psum)
            for j in range(seq // ROWS):
                cols = slice(j * ROWS, (j + 1) * ROWS)
                p_t = transposed(nl.load(probabilities[h, rows, cols]))
                v_tile = nl.load(v[h // group, cols, :])
                nisa.nc_matmul(dst=total, stationary=p_t, moving=v_tile)
            result = nl.ndarray((ROWS, d), dtype=q_t.dtype, buffer=nl.sbuf)
            nisa.tensor_copy(dst=result, src=total)
            nisa.dma_copy(dst=out[h, rows, :], src=result)
    return out


@nki.jit
def flash_attention(q_t, k_t, v):
    """Keeps scores on chip: a running maximum and sum for each row, rescaled tile by tile."""
    heads, d, seq = q_t.shape
    group = heads // k_t.shape[0]
    out = nl.ndarray((heads, seq, d), dtype=q_t.dtype, buffer=nl.shared_hbm)

    for kv in range(k_t.shape[0]):
        keys = nl.load(k_t[kv])
        values = nl.ndarray((ROWS, seq // ROWS, d), dtype=v.dtype, buffer=nl.sbuf)
        for j in range(seq // ROWS):
            nisa.dma_copy(dst=values[:, j, :], src=v[kv, j * ROWS : (j + 1) * ROWS, :])
        for h in range(kv * group, (kv + 1) * group):
            for i in range(seq // ROWS):
                flash_rows(q_t, keys, values, out, h, i)
    return out


def flash_rows(q_t, keys, values, out, h, i):
    """One tile of ROWS queries of head h, against all keys they see."""
    d = q_t.shape[1]
    rows = slice(i * ROWS, (i + 1) * ROWS)
    q_tile = nl.load(q_t[h, :, rows])
    minus_max = nl.full((ROWS, 1), -MASKED, dtype=nl.float32)
    row_sum = nl.zeros((ROWS, 1), dtype=nl.float32)
    total = nl.zeros((ROWS, d), dtype=nl.float32)

    for j in range(math.ceil((i + 1) * ROWS / COLS)):
        cols = slice(j * COLS, (j + 1) * COLS)
        scores = scaled_scores(q_tile, keys[:, cols], i * ROWS, j * COLS, 1 / math.sqrt(d))
        tile_max = nl.ndarray((ROWS, 1), dtype=nl.float32, buffer=nl.sbuf)
        nisa.tensor_reduce(dst=tile_max, op=nl.maximum, data=scores, axis=1, negate=True)
        new_max = nl.ndarray((ROWS, 1), dtype=nl.float32, buffer=nl.sbuf)
        nisa.tensor_tensor(dst=new_max, data1=minus_max, data2=tile_max, op=nl.minimum)

        p = nl.ndarray((ROWS, COLS), dtype=q_t.dtype, buffer=nl.sbuf)
        tile_sum = nl.ndarray((ROWS, 1), dtype=nl.float32, buffer=nl.sbuf)
        nisa.activation_reduce(
            dst=p, op=nl.exp, data=scores, reduce_op=nl.add, reduce_res=tile_sum, bias=new_max
        )
        # What was summed so far is scaled by exp(old maximum - new maximum).
        rescale = nl.ndarray((ROWS, 1), dtype=nl.float32, buffer=nl.sbuf)
        nisa.activation(dst=rescale, op=nl.exp, data=minus_max, bias=new_max, scale=-1.0)
        nisa.scalar_tensor_tensor(
            dst=row_sum,
            data=row_sum,
            op0=nl.multiply,
            operand0=rescale,
            op1=nl.add,
            operand1=tile_sum,
        )
        product = nl.ndarray((ROWS, d), dtype=nl.float32, buffer=nl.psum)
        for k in range(COLS // ROWS):
            p_t = transposed(p[:, k * ROWS : (k + 1) * ROWS])
            nisa.nc_matmul(dst=product, stationary=p_t, moving=values[:, j * (COLS // ROWS) + k, :])
        nisa.scalar_tensor_tensor(
            dst=total,
            data=total,
            op0=nl.multiply,
            operand0=rescale,
            op1=nl.add,
            operand1=product,
        )
        minus_max = new_max

    nisa.reciprocal(dst=row_sum, data=row_sum)
    result = nl.ndarray((ROWS, d), dtype=q_t.dtype, buffer=nl.sbuf)
    nisa.tensor_scalar(dst=result, data=total, op0=nl.multiply, operand0=row_sum)
    nisa.dma_copy(dst=out[h, rows, :], src=result)
