"""Kernels in the dialect of NKI beta 2, for test_beta2.py and test_migrate.py."""
# ruff: noqa: F821

import nki
import nki.isa as nisa
import nki.language as nl


@nki.jit
def tensor_add(a_input, b_input):
    """c = a + b, for tensors of one tile."""
    assert a_input.shape == b_input.shape
    assert a_input.shape[0] <= nl.tile_size.pmax

    # Where the operands go on chip.
    a_tile = sbuf.view(dtype=a_input.dtype, shape=a_input.shape)
    b_tile = sbuf.view(dtype=b_input.dtype, shape=b_input.shape)
    nisa.dma_copy(dst=a_tile, src=a_input)
    nisa.dma_copy(dst=b_tile, src=b_input)

    c_tile = sbuf.view(dtype=a_input.dtype, shape=a_input.shape)
    nisa.tensor_tensor(dst=c_tile, data1=a_tile, data2=b_tile, op=nl.add)

    c_output = hbm.view(dtype=a_input.dtype, shape=a_input.shape)
    nisa.dma_copy(dst=c_output, src=c_tile)
    return c_output


BLOCK = 128


def scores_transposed(k_tile, q_tile, scale):
    """exp(scale * k^T q): a block of probabilities that are not normalised, keys by queries."""
    scores = psum.view(dtype=nl.float32, shape=(BLOCK, BLOCK))
    nisa.nc_matmul(dst=scores, stationary=k_tile, moving=q_tile)
    probabilities = sbuf.view(dtype="bfloat16", shape=(BLOCK, BLOCK))
    nisa.activation(dst=probabilities, op=nl.exp, data=scores, scale=scale)
    return probabilities


@nki.jit(mode="torchxla", platform_target="trn2")
def flash_attention(q, k, v, scale):
    """softmax(scale * q^T k) v for q and k of [heads, d, s], v of [heads, s, d].

    One pass over the keys, without the row maximum; sums and output are accumulated in PSUM.
    """
    heads, d, length = q.shape
    out = hbm.view(dtype=v.dtype, shape=(heads, length, d))
    ones = sbuf.view(dtype=nl.bfloat16, shape=(BLOCK, 1))
    nisa.memset(dst=ones, value=1.0)
    for head in nl.static_range(heads):
        for first_query in range(0, length, BLOCK):
            q_tile = sbuf.view(dtype=q.dtype, shape=(d, BLOCK))
            nisa.dma_copy(dst=q_tile, src=q[head, :, first_query : first_query + BLOCK])
            out_psum = psum.view(dtype=nl.float32, shape=(BLOCK, d))
            row_sum = psum.view(dtype=nl.float32, shape=(BLOCK, 1))
            for first_key in range(0, length, BLOCK):
                keys = slice(first_key, first_key + BLOCK)
                k_tile = sbuf.view(dtype=k.dtype, shape=(d, BLOCK))
                v_tile = sbuf.view(dtype=v.dtype, shape=(BLOCK, d))
                nisa.dma_copy(dst=k_tile, src=k[head, :, keys])
                nisa.dma_copy(dst=v_tile, src=v[head, keys, :])
                probs = scores_transposed(k_tile, q_tile, scale)
                nisa.nc_matmul(dst=out_psum, stationary=probs, moving=v_tile)
                nisa.nc_matmul(dst=row_sum, stationary=probs, moving=ones)
            share = sbuf.view(dtype=nl.float32, shape=(BLOCK, 1))
            nisa.reciprocal(dst=share, data=row_sum)
            out_tile = sbuf.view(dtype=v.dtype, shape=(BLOCK, d))
            nisa.tensor_scalar(dst=out_tile, data=out_psum, op0=nl.multiply, operand0=share)
            nisa.dma_copy(dst=out[head, first_query : first_query + BLOCK, :], src=out_tile)
    return out


@nki.jit
def old_arguments(x):
    """Calls whose arguments NKI 0.3 changed: the upper triangle of x, each row's sum of it."""
    rows, columns = x.shape
    tile = nl.ndarray((rows, columns), dtype=x.dtype, buffer="sbuf")
    nisa.dma_copy(dst=tile, src=x, dge_mode=0, oob_mode=0)
    upper = sbuf.view(x.dtype, (rows, columns), name="upper")
    nisa.affine_select(upper, [[1, columns]], 0, -1, tile, 0.0, nl.greater_equal)
    sums = sbuf.view(x.dtype, (rows, 1))
    nisa.tensor_reduce(sums, nl.add, upper, 1)
    count = sbuf.view(nl.int32, (rows, 1))
    nisa.memset(dst=count, value=3.0)
    out = nl.ndarray((rows, columns + 1), dtype=x.dtype, buffer="shared_hbm")
    nisa.dma_copy(dst=out[:, 0:columns], src=upper)
    nisa.dma_copy(dst=out[:, columns : columns + 1], src=sums)
    counts = hbm.view(nl.int32, (rows, 1))
    nisa.dma_copy(dst=counts, src=count)
    return out, counts
