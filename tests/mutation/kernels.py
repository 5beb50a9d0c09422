"""Correct kernels to make mutants of: small ones, of every kind of program."""

import sys
from pathlib import Path

import nki
import nki.isa as nisa
import nki.language as nl
import numpy as np

EXAMPLES = Path(__file__).resolve().parent.parent.parent / "examples" / "python"
sys.path.insert(0, str(EXAMPLES))


def random(*shape, dtype=np.float32, seed=1):
    return np.random.default_rng(seed).standard_normal(shape, np.float32).astype(dtype)


def from_examples():
    """(kernel, arguments, cores) of the examples, with small arguments."""
    from flash_attention import flash_attention
    from matmul_blocked import matmul_blocked
    from matmul_tiled import matmul_tiled
    from rms_norm import rms_norm
    from softmax import softmax
    from tensor_add import tensor_add
    from transpose2d import transpose2d

    return [
        (tensor_add, (random(160, 96), random(160, 96, seed=2)), 1),
        (softmax, (random(150, 64),), 1),
        (rms_norm, (random(140, 64), random(64, seed=2)), 1),
        (matmul_tiled, (random(256, 128), random(256, 160, seed=2)), 1),
        (matmul_blocked, (random(256, 128), random(256, 512, seed=2)), 1),
        (transpose2d, (random(160, 96),), 1),
        (flash_attention, [random(64, 256), random(64, 256, seed=2), random(256, 64, seed=3)], 1),
    ]


@nki.jit
def mean_and_variance(x):
    """Of each row, by batch norm instructions."""
    tile = nl.ndarray(x.shape, x.dtype, buffer=nl.sbuf)
    nisa.dma_copy(dst=tile, src=x)
    stats = nl.ndarray((x.shape[0], 2, 6), nl.float32, buffer=nl.sbuf)
    half = x.shape[1] // 2
    for i in range(2):
        nisa.bn_stats(dst=stats[:, i], data=tile[:, nl.ds(i * half, half)])
    result = nl.ndarray((x.shape[0], 2), nl.float32, buffer=nl.sbuf)
    nisa.bn_aggr(dst=result, data=stats)
    out = nl.ndarray((x.shape[0], 2), nl.float32, buffer=nl.shared_hbm)
    nisa.dma_copy(dst=out, src=result)
    return out


@nki.jit
def two_layers(x, w1, w2):
    """gelu(x w1) w2, both contractions in several steps."""
    k, m = x.shape
    hidden = w1.shape[1]
    tiles = []
    for i in range(k // 128):
        a = nl.ndarray((128, m), x.dtype, buffer=nl.sbuf)
        nisa.dma_copy(dst=a, src=x[nl.ds(i * 128, 128)])
        b = nl.ndarray((128, hidden), w1.dtype, buffer=nl.sbuf)
        nisa.dma_copy(dst=b, src=w1[nl.ds(i * 128, 128)])
        tiles.append((a, b))
    second = nl.ndarray((128, hidden // 128, w2.shape[1]), w2.dtype, buffer=nl.sbuf)
    for j in range(hidden // 128):
        nisa.dma_copy(dst=second[:, j], src=w2[nl.ds(j * 128, 128)])
    result = nl.ndarray((m, w2.shape[1]), nl.float32, buffer=nl.psum)
    for j in range(hidden // 128):
        part = nl.ndarray((128, m), nl.float32, buffer=nl.psum)
        for i in range(k // 128):
            columns = tiles[i][1][:, nl.ds(j * 128, 128)]
            nisa.nc_matmul(dst=part, stationary=columns, moving=tiles[i][0], accumulate=i > 0)
        active = nl.ndarray((128, m), x.dtype, buffer=nl.sbuf)
        nisa.activation(dst=active, data=part, op=nl.gelu)
        nisa.nc_matmul(dst=result, stationary=active, moving=second[:, j], accumulate=j > 0)
    copied = nl.ndarray((m, w2.shape[1]), nl.float32, buffer=nl.sbuf)
    nisa.tensor_copy(dst=copied, src=result)
    out = nl.ndarray((m, w2.shape[1]), nl.float32, buffer=nl.shared_hbm)
    nisa.dma_copy(dst=out, src=copied)
    return out


@nki.jit
def masked_scan(x, limits):
    """Running sums of each row, up to a column that is given for each."""
    rows, columns = x.shape
    tile = nl.ndarray((rows, columns), x.dtype, buffer=nl.sbuf)
    nisa.dma_copy(dst=tile, src=x)
    limit = nl.ndarray((rows, 1), nl.float32, buffer=nl.sbuf)
    nisa.dma_copy(dst=limit, src=limits)
    numbers = nl.ndarray((rows, columns), nl.float32, buffer=nl.sbuf)
    nisa.iota(dst=numbers, pattern=[[1, columns]], offset=0)
    keep = nl.ndarray((rows, columns), nl.float32, buffer=nl.sbuf)
    nisa.tensor_scalar(dst=keep, data=numbers, op0=nl.less, operand0=limit)
    kept = nl.ndarray((rows, columns), nl.float32, buffer=nl.sbuf)
    nisa.tensor_tensor(dst=kept, data1=tile, data2=keep, op=nl.multiply)
    ones = nl.ndarray((rows, columns), nl.float32, buffer=nl.sbuf)
    nisa.memset(dst=ones, value=1.0)
    sums = nl.ndarray((rows, columns), nl.float32, buffer=nl.sbuf)
    nisa.tensor_tensor_scan(
        dst=sums, data0=ones, data1=kept, initial=0.0, op0=nl.multiply, op1=nl.add
    )
    out = nl.ndarray((rows, columns), nl.float32, buffer=nl.shared_hbm)
    nisa.dma_copy(dst=out, src=sums)
    return out


@nki.jit
def gather_rows(table, which):
    """The rows that are named, one after the other in a loop of the device."""
    count, width = which.shape[1], table.shape[1]
    names = nl.ndarray((1, count), nl.int32, buffer=nl.sbuf)
    nisa.dma_copy(dst=names, src=which)
    out = nl.ndarray((count, width), table.dtype, buffer=nl.shared_hbm)
    row = nisa.register_alloc(0)
    for i in nl.dynamic_range(0, count):
        nisa.register_load(row, names.ap([[count, 1], [1, 1]], scalar_offset=i, indirect_dim=1))
        tile = nl.ndarray((1, width), table.dtype, buffer=nl.sbuf)
        nisa.dma_copy(dst=tile, src=table.ap([[width, 1], [1, width]], scalar_offset=row))
        nisa.dma_copy(dst=out.ap([[width, 1], [1, width]], scalar_offset=i), src=tile)
    return out


@nki.jit
def sum_of_halves(x):
    """Each core sums half of the columns; both results come together in shared memory."""
    rows, columns = x.shape
    core = nl.program_id(0)
    half = columns // 2
    tile = nl.ndarray((rows, half), x.dtype, buffer=nl.sbuf)
    nisa.dma_copy(dst=tile, src=x[:, nl.ds(core * half, half)])
    mine = nl.ndarray((rows, 1), nl.float32, buffer=nl.sbuf)
    nisa.tensor_reduce(dst=mine, data=tile, op=nl.add, axis=1)
    parts = nl.ndarray((rows, 2), nl.float32, buffer=nl.shared_hbm, name="parts")
    nisa.dma_copy(dst=parts[:, nl.ds(core, 1)], src=mine)
    nisa.core_barrier(data=parts, cores=(0, 1))
    both = nl.ndarray((rows, 2), nl.float32, buffer=nl.sbuf)
    nisa.dma_copy(dst=both, src=parts)
    total = nl.ndarray((rows, 1), nl.float32, buffer=nl.sbuf)
    nisa.tensor_reduce(dst=total, data=both, op=nl.add, axis=1)
    out = nl.ndarray((2, rows, 1), nl.float32, buffer=nl.shared_hbm, name="out")
    nisa.dma_copy(dst=out[core], src=total)
    return out


@nki.jit
def exchange(x):
    """Each core doubles its rows and takes the other's by sendrecv."""
    core = nl.program_id(0)
    rows = x.shape[1]
    tile = nl.ndarray((rows, x.shape[2]), x.dtype, buffer=nl.sbuf)
    nisa.dma_copy(dst=tile, src=x[core])
    twice = nl.ndarray(tile.shape, x.dtype, buffer=nl.sbuf)
    nisa.tensor_scalar(dst=twice, data=tile, op0=nl.multiply, operand0=2.0)
    other = nl.ndarray(tile.shape, x.dtype, buffer=nl.sbuf)
    nisa.sendrecv(src=twice, dst=other, send_to_rank=1 - core, recv_from_rank=1 - core, pipe_id=0)
    result = nl.ndarray(tile.shape, x.dtype, buffer=nl.sbuf)
    nisa.tensor_tensor(dst=result, data1=tile, data2=other, op=nl.subtract)
    out = nl.ndarray(x.shape, x.dtype, buffer=nl.shared_hbm, name="out")
    nisa.dma_copy(dst=out[core], src=result)
    return out


@nki.jit
def ping_pong(x):
    """Two tiles in turn, each loaded while the other is used."""
    tiles, rows, columns = x.shape
    buffers = [nl.ndarray((rows, columns), x.dtype, buffer=nl.sbuf) for _ in range(2)]
    out = nl.ndarray(x.shape, x.dtype, buffer=nl.shared_hbm)
    nisa.dma_copy(dst=buffers[0], src=x[0])
    for i in range(tiles):
        if i + 1 < tiles:
            nisa.dma_copy(dst=buffers[(i + 1) % 2], src=x[i + 1])
        result = nl.ndarray((rows, columns), x.dtype, buffer=nl.sbuf)
        nisa.activation(dst=result, data=buffers[i % 2], op=nl.exp, scale=0.5)
        nisa.dma_copy(dst=out[i], src=result)
    return out


def all_kernels():
    """(kernel, arguments, cores) of each."""
    limits = np.arange(64, dtype=np.float32).reshape(64, 1)
    which = np.array([[3, 0, 7, 5, 1, 6, 2, 4]], np.int32)
    return [
        *from_examples(),
        (mean_and_variance, (random(128, 128),), 1),
        (two_layers, (random(256, 64), random(256, 256, seed=2), random(256, 96, seed=3)), 1),
        (masked_scan, (random(64, 64), limits), 1),
        (gather_rows, (random(8, 48), which), 1),
        (sum_of_halves, (random(128, 64),), 2),
        (exchange, (random(2, 64, 32),), 2),
        (ping_pong, (random(4, 96, 40),), 1),
    ]
