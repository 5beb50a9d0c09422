"""Matmuls in buffers that the program itself takes turns in: how many there are decides how much
can go on at a time."""

import kiln.nki.isa as nisa
import kiln.nki.language as nl
from kiln import nki
from kiln.timing_validation.building import (
    BANK,
    PARTITIONS,
    Program,
    columns,
    filled,
    hbm,
    load,
    placeholder,
    psum,
    sbuf,
    store,
    tile_of,
)

SIDE = PARTITIONS


class _Ring:
    """Buffers that are taken one after the other, and then again."""

    def __init__(self, buffers):
        self.buffers = buffers
        self.taken = 0

    def next(self):
        buffer = self.buffers[self.taken % len(self.buffers)]
        self.taken += 1
        return buffer


def _tiles(depth, shape, dtype, buffer=nl.sbuf):
    return _Ring([nl.ndarray(shape, dtype=dtype, buffer=buffer) for _ in range(depth)])


def _square_tiles(depth, dtype):
    return _tiles(depth, (SIDE, SIDE), dtype)


class _Generation:
    """Buffers of one step. Who takes them again begins with those that were used last, so that the
    new step starts when the old one has ended, as if all were one piece of memory."""

    def __init__(self, dtype):
        self.pairs = [[sbuf((SIDE, SIDE), dtype) for _ in range(2)] for _ in range(3)]

    def next(self):
        self.pairs.reverse()
        return self.pairs


def _turned(tile, copy, placed, identity):
    """The tile transposed: Tensor engine, copied by the Scalar engine, put in place by the
    Vector engine."""
    flipped = psum((SIDE, SIDE), tile.dtype)
    nisa.nc_matmul(dst=flipped, stationary=tile, moving=identity, is_transpose=True)
    nisa.tensor_copy(dst=copy, src=flipped, engine=nisa.engine.scalar)
    nisa.tensor_copy(dst=placed, src=copy, engine=nisa.engine.vector)


@nki.jit
def _rings(lhs, rhs_t, identity, depth):
    rows, cols = lhs.shape[0] // SIDE, rhs_t.shape[0] // SIDE
    steps = lhs.shape[1] // SIDE
    out = hbm((lhs.shape[0], rhs_t.shape[0]), lhs.dtype)
    generations = _Ring([_Generation(lhs.dtype) for _ in range(depth)])
    ones = load(identity)
    waiting = []  # steps whose operands are on their way; one fewer than there are generations

    def finish(i, j, t, product, placed):
        nisa.nc_matmul(dst=product, stationary=placed[0], moving=placed[1], accumulate=True)
        if t < steps - 1:
            return
        _, copies, results = generations.next().next()
        nisa.tensor_copy(dst=copies[0], src=product, engine=nisa.engine.scalar)
        nisa.tensor_copy(dst=results[0], src=copies[0], engine=nisa.engine.vector)
        place = tile_of(out, i, j, SIDE, SIDE)
        nisa.dma_copy(
            dst=place, src=results[0], dge_mode=nisa.dge_mode.hwdge, engine=nisa.engine.scalar
        )

    for i in range(rows):
        for j in range(cols):
            product = filled((SIDE, SIDE), nl.float32, 0.0, nl.psum)
            for t in range(steps):
                loaded, copies, placed = generations.next().next()
                load(tile_of(lhs, i, t, SIDE, SIDE), into=loaded[0])
                load(tile_of(rhs_t, j, t, SIDE, SIDE), into=loaded[1])
                for side in range(2):
                    _turned(loaded[side], copies[side], placed[side], ones)
                waiting.append((i, j, t, product, placed))
                if len(waiting) >= min(depth, 4):
                    finish(*waiting.pop(0))
    for step in waiting:
        finish(*step)
    return out


def rings(m, k, n, depth):
    """[m, k] @ [n, k] transposed, float32, in 128 x 128 tiles. Both tiles of each step are loaded
    and transposed; `depth` steps have buffers of their own."""
    arguments = (placeholder((m, k)), placeholder((n, k)), placeholder((SIDE, SIDE)), depth)
    return Program(_rings, arguments)


@nki.jit
def _loads_in_step(lhs_t, rhs):
    rows, cols, steps = lhs_t.shape[1] // SIDE, rhs.shape[1] // BANK, rhs.shape[0] // SIDE
    out = hbm((lhs_t.shape[1], rhs.shape[1]), lhs_t.dtype)
    product, result = psum((SIDE, BANK)), sbuf((SIDE, BANK), lhs_t.dtype)
    for i in range(rows):
        for j in range(cols):
            nisa.memset(product, 0.0)
            for t in range(steps):
                lhs_tile = load(tile_of(lhs_t, t, i, SIDE, SIDE))
                rhs_tile = load(tile_of(rhs, t, j, SIDE, BANK))
                nisa.nc_matmul(dst=product, stationary=lhs_tile, moving=rhs_tile, accumulate=True)
            nisa.tensor_copy(dst=result, src=product, engine=nisa.engine.vector)
            store(tile_of(out, i, j, SIDE, BANK), result)
    return out


def loads_in_step(m, k, n, dtype="bfloat16"):
    """Both tiles are loaded before each matmul; there is one buffer of sums."""
    return Program(_loads_in_step, (placeholder((k, m), dtype), placeholder((k, n), dtype)))


@nki.jit
def _resident(lhs_t, rhs, accumulators):
    (k, m), n = lhs_t.shape, rhs.shape[1]
    out = hbm((m, n), lhs_t.dtype)
    lhs_rows = [load(lhs_t[nl.ds(t, SIDE), :]) for t in range(0, k, SIDE)]
    rhs_rows = [load(rhs[nl.ds(t, SIDE), :]) for t in range(0, k, SIDE)]
    sums = _tiles(accumulators, (SIDE, n), nl.float32, nl.psum)
    results = []
    for i in range(m // SIDE):
        total = sums.next()
        nisa.memset(total, 0.0)
        for j in range(n // BANK):
            for lhs_row, rhs_row in zip(lhs_rows, rhs_rows, strict=True):
                nisa.nc_matmul(
                    dst=columns(total, j, BANK),
                    stationary=columns(lhs_row, i, SIDE),
                    moving=columns(rhs_row, j, BANK),
                    accumulate=True,
                )
        results.append(sbuf((SIDE, n), out.dtype))
        nisa.tensor_copy(dst=results[i], src=total, engine=nisa.engine.vector)
    for i, result in enumerate(results):
        store(out[nl.ds(i * SIDE, SIDE), :], result)
    return out


def resident(m, k, n, dtype="bfloat16", accumulators=1):
    """Everything is loaded first and stored last; so many rows of sums take turns in PSUM."""
    arguments = (placeholder((k, m), dtype), placeholder((k, n), dtype), accumulators)
    return Program(_resident, arguments)


def _load_block(ring, x, row, column, width):
    """The next block of the ring, with the rows of x from `row` on, 128 in a tile."""
    block = ring.next()
    for t, tile in enumerate(block):
        load(x[nl.ds(row + t * SIDE, SIDE), nl.ds(column * width, width)], into=tile)
    return block


def _blocks(count, tiles, width, dtype):
    return _Ring([[sbuf((SIDE, width), dtype) for _ in range(tiles)] for _ in range(count)])


def _add_block_product(sums, lhs_block, rhs_block):
    """sums[r] += lhs_block' rhs_block, by way of a rounded copy of the product in SBUF."""
    for r, total in enumerate(sums):
        product = filled((SIDE, BANK), nl.float32, 0.0, nl.psum)
        for lhs_row, rhs_row in zip(lhs_block, rhs_block, strict=True):
            nisa.nc_matmul(
                dst=product,
                stationary=columns(lhs_row, r, SIDE),
                moving=rhs_row,
                accumulate=True,
            )
        rounded = sbuf((SIDE, BANK), total.dtype)
        nisa.tensor_copy(dst=rounded, src=product, engine=nisa.engine.vector)
        nisa.tensor_tensor(dst=total, data1=total, data2=rounded, op=nl.add)


@nki.jit
def _streaming(lhs_t, rhs, depth, lhs_buffers, rhs_buffers):
    """`depth` rows of the contraction at a time; all of it unless the sums are kept in SBUF."""
    (k, m), n = lhs_t.shape, rhs.shape[1]
    out = hbm((m, n), lhs_t.dtype)
    block = 4 * SIDE  # rows of the result that a block of lhs is for
    lhs_ring = _blocks(lhs_buffers, depth // SIDE, block, lhs_t.dtype)
    rhs_ring = _blocks(rhs_buffers, depth // SIDE, BANK, rhs.dtype)
    for j in range(n // BANK):
        sums = [filled((SIDE, BANK), out.dtype, 0.0) for _ in range(m // SIDE)]
        for t in range(0, k, depth):
            rhs_block = _load_block(rhs_ring, rhs, t, j, BANK)
            for i in range(m // block):
                lhs_block = _load_block(lhs_ring, lhs_t, t, i, block)
                _add_block_product(sums[4 * i : 4 * i + 4], lhs_block, rhs_block)
        for i, total in enumerate(sums):
            store(tile_of(out, i, j, SIDE, BANK), total)
    return out


def streaming(m, k, n, dtype="bfloat16", depth=1024, lhs_buffers=8, rhs_buffers=2):
    """Columns of the result one after the other; blocks [depth, 512] of both operands are loaded
    into rings while others are multiplied, and products of blocks add up in SBUF."""
    operands = (placeholder((k, m), dtype), placeholder((k, n), dtype))
    return Program(_streaming, (*operands, depth, lhs_buffers, rhs_buffers))


@nki.jit
def _streaming_whole(lhs_t, rhs, buffers):
    (k, m), n = lhs_t.shape, rhs.shape[1]
    out = hbm((m, n), lhs_t.dtype)
    block = 4 * SIDE  # rows of the result that a block of lhs is for
    lhs_ring = _blocks(buffers, k // SIDE, block, lhs_t.dtype)
    rhs_ring = _blocks(buffers, k // SIDE, BANK, rhs.dtype)
    for j in range(n // BANK):
        rhs_block = _load_block(rhs_ring, rhs, 0, j, BANK)
        for i in range(m // block):
            lhs_block = _load_block(lhs_ring, lhs_t, 0, i, block)
            for r in range(block // SIDE):
                product = filled((SIDE, BANK), nl.float32, 0.0, nl.psum)
                for lhs_row, rhs_row in zip(lhs_block, rhs_block, strict=True):
                    stationary = columns(lhs_row, r, SIDE)
                    nisa.nc_matmul(
                        dst=product, stationary=stationary, moving=rhs_row, accumulate=True
                    )
                result = sbuf((SIDE, BANK), out.dtype)
                nisa.tensor_copy(dst=result, src=product, engine=nisa.engine.vector)
                store(tile_of(out, 4 * i + r, j, SIDE, BANK), result)
    return out


def streaming_whole(m, k, n, dtype="bfloat16", buffers=2):
    """As `streaming` with the whole contraction at a time, so that products are final in PSUM."""
    operands = (placeholder((k, m), dtype), placeholder((k, n), dtype))
    return Program(_streaming_whole, (*operands, buffers))


@nki.jit
def _transposing(lhs, rhs, depth, lhs_buffers, rhs_buffers):
    (m, k), n = lhs.shape, rhs.shape[1]
    out = hbm((m, n), lhs.dtype)
    block = 8 * SIDE  # rows of the result that a block of lhs is for
    lhs_ring = _blocks(lhs_buffers, depth // SIDE, block, lhs.dtype)
    rhs_ring = _blocks(rhs_buffers, depth // SIDE, BANK, rhs.dtype)
    for i in range(m // block):
        sums = [filled((SIDE, n), out.dtype, 0.0) for _ in range(block // SIDE)]
        for j in range(n // BANK):
            for t in range(0, k, depth):
                lhs_block = lhs_ring.next()
                for step, tile in enumerate(lhs_block):
                    part = lhs[nl.ds(i * block, block), nl.ds(t + step * SIDE, SIDE)]
                    nisa.dma_transpose(dst=tile, src=part)
                rhs_block = _load_block(rhs_ring, rhs, t, j, BANK)
                _add_block_product([columns(s, j, BANK) for s in sums], lhs_block, rhs_block)
            for r, total in enumerate(sums):
                rows = nl.ds(i * block + r * SIDE, SIDE)
                store(out[rows, nl.ds(j * BANK, BANK)], columns(total, j, BANK))
    return out


def transposing(m, k, n, dtype="bfloat16", depth=1024, lhs_buffers=2, rhs_buffers=8):
    """[m, k] @ [k, n]: the DMA engines transpose blocks [1024, depth] of lhs, again for each block
    of 512 columns of rhs."""
    operands = (placeholder((m, k), dtype), placeholder((k, n), dtype))
    return Program(_transposing, (*operands, depth, lhs_buffers, rhs_buffers))
