"""Norms, activations and pooling of rows: 128 rows of a matrix are a tile."""

import kiln.nki.isa as nisa
import kiln.nki.language as nl
from kiln import nki
from kiln.timing_validation.building import (
    PARTITIONS,
    Program,
    filled,
    hbm,
    load,
    placeholder,
    replicated,
    sbuf,
    store,
)


class _Graph:
    """Kernels one after the other, each of which begins when the one before has written everything
    to HBM."""

    def __init__(self):
        self.stores = []

    def call(self, x, make=None):
        """What `make` makes of 128 rows at a time; a copy in HBM without it."""
        before, self.stores = self.stores, []
        out = hbm(x.shape, x.dtype)
        for i in range(0, x.shape[0], PARTITIONS):
            rows = x[nl.ds(i, PARTITIONS), :]
            if make is not None:
                tile = sbuf(rows.shape, x.dtype)
                nisa.dma_copy(dst=tile, src=rows).depends_on(*before)
                rows = make(tile)
            copy = nisa.dma_copy(dst=out[nl.ds(i, PARTITIONS), :], src=rows)
            if make is None:
                copy.depends_on(*before)
            self.stores.append(copy)
        return out

    def calls(self, x, count, make):
        """As the graph copies what goes into its kernels and comes out of them."""
        x = self.call(x)
        for _ in range(count):
            x = self.call(x, make)
        return self.call(x)


def _silu_tile(tile):
    result = sbuf(tile.shape, tile.dtype)
    nisa.activation(dst=result, op=nl.silu, data=tile)
    return result


@nki.jit
def _silu(x, calls):
    return _Graph().calls(x, calls, _silu_tile)


def silu(rows, columns, dtype="bfloat16", calls=1):
    """SiLU; each of `calls` takes what the one before has written to HBM. The graph copies its
    input and its output."""
    return Program(_silu, (placeholder((rows, columns), dtype), calls))


def _rms_norm_tile(tile, weights):
    width = tile.shape[1]
    squares, total = sbuf(tile.shape, nl.float32), sbuf((PARTITIONS, 1), nl.float32)
    nisa.activation(dst=squares, op=nl.square, data=tile)
    nisa.tensor_reduce(dst=total, op=nl.add, data=squares, axis=1)
    nisa.tensor_scalar(
        dst=total, data=total, op0=nl.multiply, operand0=1 / width, op1=nl.add, operand1=1e-6
    )
    nisa.activation(dst=total, op=nl.rsqrt, data=total)
    scaled = sbuf(tile.shape, tile.dtype)
    nisa.tensor_scalar(dst=scaled, data=tile, op0=nl.multiply, operand0=total)
    result = sbuf(tile.shape, tile.dtype)
    nisa.tensor_tensor(dst=result, data1=scaled, data2=weights, op=nl.multiply)
    return result


@nki.jit
def _rms_norm(x, weight, calls):
    row = load(weight)

    def make(tile):
        return _rms_norm_tile(tile, nl.broadcast_to(row, tile.shape))

    return _Graph().calls(x, calls, make)


def rms_norm(rows, columns, dtype="bfloat16", calls=1):
    """Each row over the root of its mean square, times the weights, which are brought to all
    partitions for each tile. Each of `calls` takes what the one before has written to HBM."""
    x, weight = placeholder((rows, columns), dtype), placeholder((1, columns), dtype)
    return Program(_rms_norm, (x, weight, calls))


def _in_halves(copy, tile, rows):
    half = tile.shape[1] // 2
    for part in (nl.ds(0, half), nl.ds(half, half)):
        copy(tile[:, part], rows[:, part])


def _mean_of(tile):
    result = sbuf((PARTITIONS, 1), nl.float32)
    nisa.tensor_reduce(dst=result, op=nl.add, data=tile, axis=1)
    nisa.tensor_scalar(dst=result, data=result, op0=nl.multiply, operand0=1 / tile.shape[1])
    return result


@nki.jit
def _layer_norm(x, gamma, beta):
    out = hbm(x.shape, x.dtype)
    ones = filled((1, PARTITIONS), x.dtype, 1.0)
    gammas, betas = (replicated(load(row), ones) for row in (gamma, beta))
    for i in range(0, x.shape[0], PARTITIONS):
        rows = nl.ds(i, PARTITIONS)
        tile = sbuf((PARTITIONS, x.shape[1]), x.dtype)
        _in_halves(lambda dst, src: nisa.dma_copy(dst=dst, src=src), tile, x[rows, :])
        nisa.tensor_scalar(dst=tile, data=tile, op0=nl.subtract, operand0=_mean_of(tile))
        work = sbuf(tile.shape, x.dtype)
        nisa.tensor_tensor(dst=work, data1=tile, data2=tile, op=nl.multiply)
        scale = _mean_of(work)
        nisa.tensor_scalar(dst=scale, data=scale, op0=nl.add, operand0=1e-5)
        nisa.activation(dst=scale, op=nl.rsqrt, data=scale)
        nisa.tensor_scalar(dst=tile, data=tile, op0=nl.multiply, operand0=scale)
        nisa.tensor_tensor(dst=tile, data1=tile, data2=gammas, op=nl.multiply)
        nisa.tensor_tensor(dst=tile, data1=tile, data2=betas, op=nl.add)
        _in_halves(lambda src, dst: nisa.dma_copy(dst=dst, src=src), tile, out[rows, :])
    return out


def layer_norm(rows, columns):
    """Float32, all arithmetic on the Vector engine but the root; tiles are loaded and stored in
    halves. The parameters are brought to all partitions once, by matmuls with ones."""
    row = (1, columns)
    return Program(_layer_norm, (placeholder((rows, columns)), placeholder(row), placeholder(row)))


@nki.jit
def _max_pool(x, tile_rows):
    height, width = x.shape[0] - 2, x.shape[1] - 2
    out = hbm((height, width), x.dtype)
    for i in range(0, height, tile_rows):
        rows = min(tile_rows, height - i)
        strips = [load(x[nl.ds(i + shift, rows), :]) for shift in range(3)]
        tall = sbuf((rows, x.shape[1]), x.dtype)
        nisa.tensor_tensor(dst=tall, data1=strips[0], data2=strips[1], op=nl.maximum)
        nisa.tensor_tensor(dst=tall, data1=tall, data2=strips[2], op=nl.maximum)
        left, middle, right = (tall[:, nl.ds(shift, width)] for shift in range(3))
        result = sbuf((rows, width), x.dtype)
        nisa.tensor_tensor(dst=result, data1=left, data2=middle, op=nl.maximum)
        nisa.tensor_tensor(dst=result, data1=result, data2=right, op=nl.maximum)
        store(out[nl.ds(i, rows), :], result)
    return out


def max_pool(rows, columns, tile_rows):
    """The maximum of each 3 x 3 window: of three loads of the rows, each one lower, then of three
    shifts along them."""
    return Program(_max_pool, (placeholder((rows, columns)), tile_rows))
