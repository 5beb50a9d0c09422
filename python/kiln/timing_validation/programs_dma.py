"""Programs that mostly move data: single copies, element-wise kernels, transposes through the
Tensor engine."""

import kiln.nki.isa as nisa
import kiln.nki.language as nl
from kiln import nki
from kiln.timing_validation.building import (
    PARTITIONS,
    STATIC,
    Program,
    filled,
    hbm,
    load,
    placeholder,
    psum,
    sbuf,
    store,
    tile_of,
)

BUFFER_BYTES = 160 * 1024  # of a partition, for what is loaded


@nki.jit
def _exp(x, static):
    mode = STATIC if static else None
    out = hbm(x.shape, x.dtype)
    for i in range(0, x.shape[0], PARTITIONS):
        rows = nl.ds(i, min(PARTITIONS, x.shape[0] - i))
        tile = load(x[rows], mode)
        result = sbuf(tile.shape, tile.dtype)
        nisa.activation(dst=result, op=nl.exp, data=tile)
        store(out[rows], result, mode)
    return out


def exp(rows, columns, dtype="bfloat16", static=False):
    """Loads, takes the exponential, stores, 128 rows at a time."""
    return Program(_exp, (placeholder((rows, columns), dtype), static))


@nki.jit
def _stored(rows, row_bytes):
    tile = filled((rows, row_bytes // 4), nl.float32, 3.0)
    out = hbm(tile.shape, tile.dtype)
    store(out, tile)
    return out


def stored(rows, row_bytes):
    """One store of rows in SBUF."""
    return Program(_stored, (rows, row_bytes))


@nki.jit
def _loads(x, count, static):
    """The last tile is returned by a store of its first column only."""
    row_bytes = x.shape[2] * 4
    buffers = [sbuf(x.shape[1:], x.dtype) for _ in range(min(count, BUFFER_BYTES // row_bytes))]
    for i in range(count):
        tile = buffers[i % len(buffers)]
        load(x[i], STATIC if static else None, into=tile)
    out = hbm((x.shape[1], 1), x.dtype)
    nisa.dma_copy(dst=out, src=tile[:, 0:1])
    return out


def loads(row_bytes, count=1, rows=PARTITIONS, static=False):
    """Loads of different rows one after the other into tiles that take turns; as many as fit."""
    shape = (count, rows, row_bytes // 4)
    return Program(_loads, (placeholder(shape), count, static))


@nki.jit
def _stores(count, row_bytes):
    tile = filled((PARTITIONS, row_bytes // 4), nl.float32, 3.0)
    out = hbm((count, *tile.shape), tile.dtype)
    for i in range(count):
        store(out[i], tile)
    return out


def stores(row_bytes, count=1):
    """Stores of one tile to different places."""
    return Program(_stores, (count, row_bytes))


@nki.jit
def _vector_add(a, b, width, static):
    mode = STATIC if static else None
    per_partition = a.shape[0] // PARTITIONS
    a, b = (x.reshape((PARTITIONS, per_partition)) for x in (a, b))
    out = hbm(a.shape, a.dtype)
    for i in range(0, per_partition, width):
        part = nl.ds(i, width)
        a_tile, b_tile = load(a[:, part], mode), load(b[:, part], mode)
        total = sbuf(a_tile.shape, a.dtype)
        nisa.tensor_tensor(dst=total, data1=a_tile, data2=b_tile, op=nl.add)
        store(out[:, part], total, mode)
    return out


def vector_add(n, width, static=False):
    """a + b of n elements that lie 128 rows deep, `width` columns at a time."""
    return Program(_vector_add, (placeholder((n,)), placeholder((n,)), width, static))


@nki.jit
def _vector_add_rows(a, b, rows):
    out = hbm(a.shape, a.dtype)
    for i in range(0, a.shape[0], rows):
        part = nl.ds(i, rows)
        a_tile, b_tile = load(a[part]), load(b[part])
        total = sbuf(a_tile.shape, a.dtype)
        nisa.tensor_scalar(dst=total, data=a_tile, op0=nl.add, operand0=b_tile)
        store(out[part], total)
    return out


def vector_add_rows(n, rows):
    """a + b of n elements, `rows` at a time, one in each partition."""
    return Program(_vector_add_rows, (placeholder((n, 1)), placeholder((n, 1)), rows))


@nki.jit
def _transpose(x):
    side = PARTITIONS
    out = hbm((x.shape[1], x.shape[0]), x.dtype)
    for i in range(x.shape[0] // side):
        for j in range(x.shape[1] // side):
            tile = load(tile_of(x, i, j, side, side), STATIC)
            flipped = psum((side, side), x.dtype)
            nisa.nc_transpose(dst=flipped, data=tile, engine=nisa.engine.tensor)
            result = sbuf((side, side), x.dtype)
            nisa.tensor_copy(dst=result, src=flipped, engine=nisa.engine.scalar)
            store(tile_of(out, j, i, side, side), result, STATIC)
    return out


def transpose(rows, columns):
    """128 x 128 tiles: load, transpose on the Tensor engine, copy on the Scalar engine, store."""
    return Program(_transpose, (placeholder((rows, columns)),))


@nki.jit
def _memory_read(x, squares):
    width = x.shape[1]
    total = filled((PARTITIONS, 1), nl.float32, 0.0)
    for i in range(0, x.shape[0], PARTITIONS):
        tile = load(x[nl.ds(i, PARTITIONS), :])
        if squares:
            square = sbuf((PARTITIONS, width), nl.float32)
            nisa.tensor_tensor(dst=square, data1=tile, data2=tile, op=nl.multiply)
            tile = square
        part = sbuf((PARTITIONS, 1), nl.float32)
        nisa.tensor_reduce(dst=part, op=nl.add, data=tile, axis=1)
        nisa.tensor_tensor(dst=total, data1=total, data2=part, op=nl.add)
    out = hbm(total.shape, total.dtype)
    store(out, total)
    return out


def memory_read(total_bytes, width=2048, squares=False):
    """Reads all rows of bfloat16, 128 at a time, and adds them (or their squares) up."""
    x = placeholder((total_bytes // 2 // width, width), "bfloat16")
    return Program(_memory_read, (x, squares))


@nki.jit
def _memory_write(x, rows):
    out = hbm((rows, x.shape[1]), x.dtype)
    tile = load(x)
    for i in range(0, rows, PARTITIONS):
        store(out[nl.ds(i, PARTITIONS), :], tile)
    return out


def memory_write(total_bytes, width=2048):
    """Writes one tile of bfloat16 to all rows."""
    x = placeholder((PARTITIONS, width), "bfloat16")
    return Program(_memory_write, (x, total_bytes // 2 // width))


@nki.jit
def _memory_copy(x):
    out = hbm(x.shape, x.dtype)
    for i in range(0, x.shape[0], PARTITIONS):
        rows = nl.ds(i, PARTITIONS)
        store(out[rows, :], load(x[rows, :]))
    return out


def memory_copy(total_bytes, width=2048):
    """Copies rows of bfloat16 by way of SBUF; total_bytes counts what is read and written."""
    shape = (total_bytes // 4 // width, width)
    return Program(_memory_copy, (placeholder(shape, "bfloat16"),))


@nki.jit
def _silu_slices(x):
    out = hbm(x.shape, x.dtype)
    for i in range(x.shape[1]):
        tile = load(x[:, i, :])
        result = sbuf(tile.shape, tile.dtype)
        nisa.activation(dst=result, op=nl.silu, data=tile)
        store(out[:, i, :], result)
    return out


def silu_slices(rows, columns, parts=1):
    """SiLU of [rows, columns] float32 in slices: each partition has rows / 128 rows, and each row
    is `parts` slices."""
    shape = (PARTITIONS, rows // PARTITIONS * parts, columns // parts)
    return Program(_silu_slices, (placeholder(shape),))


@nki.jit
def _adamw(theta, g, m, v):
    out = hbm(theta.shape, theta.dtype)
    for i in range(0, theta.shape[0], PARTITIONS):
        rows = nl.ds(i, min(PARTITIONS, theta.shape[0] - i))
        theta_tile, g_tile, m_tile, v_tile = (load(x[rows, :]) for x in (theta, g, m, v))
        shape = theta_tile.shape
        squares, scale, step, result = (sbuf(shape, theta.dtype) for _ in range(4))
        nisa.activation(dst=squares, op=nl.square, data=g_tile)
        _scaled(scale, v_tile, 999.0, nl.add, squares)
        nisa.activation(dst=scale, op=nl.rsqrt, data=scale)
        _scaled(step, m_tile, 9.0, nl.add, g_tile)
        _scaled(step, step, 0.001, nl.multiply, scale)
        _scaled(result, theta_tile, 0.99999, nl.subtract, step)
        store(out[rows, :], result)
    return out


def _scaled(dst, data, factor, op, other):
    """dst = (data factor) op other"""
    nisa.scalar_tensor_tensor(
        dst=dst, data=data, op0=nl.multiply, operand0=factor, op1=op, operand1=other
    )


def adamw(rows, columns):
    """A step of AdamW on float32: 2 activations and 4 scalar_tensor_tensor of each tile."""
    return Program(_adamw, tuple(placeholder((rows, columns)) for _ in range(4)))
