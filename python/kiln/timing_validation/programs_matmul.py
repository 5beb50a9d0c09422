"""lhs @ rhs, with lhs given transposed: [k, m] and [k, n]. The programs differ in what they load
when, in how large pieces, and in how many buffers they take turns in."""

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

SIDE = PARTITIONS  # of a stationary tile; a moving tile is [SIDE, BANK]


def _operands(m, k, n, dtype):
    return placeholder((k, m), dtype), placeholder((k, n), dtype)


def _sizes(lhs_t, rhs):
    """In tiles: rows, columns, and the contraction."""
    return lhs_t.shape[1] // SIDE, rhs.shape[1] // BANK, lhs_t.shape[0] // SIDE


def _result(lhs_t, rhs, dtype=None):
    return hbm((lhs_t.shape[1], rhs.shape[1]), dtype or lhs_t.dtype)


def _drain(out, product, i, j):
    """Brings the product to HBM by way of SBUF."""
    result = sbuf((SIDE, BANK), out.dtype)
    nisa.tensor_copy(dst=result, src=product, engine=nisa.engine.vector)
    store(tile_of(out, i, j, SIDE, BANK), result)


def _product(pairs):
    """A PSUM tile with the sum of stationary x moving of all pairs."""
    total = psum((SIDE, BANK))
    for stationary, moving in pairs:
        nisa.nc_matmul(dst=total, stationary=stationary, moving=moving)
    return total


def _column_of_tiles(x, number, width):
    """The tiles [SIDE, width] of one column of tiles, loaded one by one."""
    return [load(tile_of(x, t, number, SIDE, width)) for t in range(x.shape[0] // SIDE)]


@nki.jit
def _tile_by_tile(lhs_t, rhs, lhs_loads):
    rows, cols, depth = _sizes(lhs_t, rhs)
    out = _result(lhs_t, rhs)
    starts = {cols * part // lhs_loads for part in range(lhs_loads)} if lhs_loads else None
    for i in range(rows):
        for j in range(cols):
            if starts is not None and j in starts:
                kept = _column_of_tiles(lhs_t, i, SIDE)
            product = psum((SIDE, BANK))
            for t in range(depth):
                lhs_tile = load(tile_of(lhs_t, t, i, SIDE, SIDE)) if starts is None else kept[t]
                rhs_tile = load(tile_of(rhs, t, j, SIDE, BANK))
                nisa.nc_matmul(dst=product, stationary=lhs_tile, moving=rhs_tile)
            _drain(out, product, i, j)
    return out


def tile_by_tile(m, k, n, dtype="float32", lhs_loads=None):
    """Both tiles are loaded before each matmul. With lhs_loads those of lhs are loaded only so many
    times for each row of tiles, and kept in between."""
    return Program(_tile_by_tile, (*_operands(m, k, n, dtype), lhs_loads))


@nki.jit
def _hoisted(lhs_t, rhs):
    rows, cols, _ = _sizes(lhs_t, rhs)
    out = _result(lhs_t, rhs)
    for i in range(rows):
        lhs_tiles = _column_of_tiles(lhs_t, i, SIDE)
        for j in range(cols):
            rhs_tiles = _column_of_tiles(rhs, j, BANK)
            _drain(out, _product(zip(lhs_tiles, rhs_tiles, strict=True)), i, j)
    return out


def hoisted(m, k, n, dtype="float32"):
    """A column of lhs is loaded once for each row of tiles, a column of rhs once for each tile."""
    return Program(_hoisted, _operands(m, k, n, dtype))


@nki.jit
def _blocked(lhs_t, rhs, block_rows, block_cols, reload):
    rows, cols, _ = _sizes(lhs_t, rhs)
    out = _result(lhs_t, rhs)
    for i in range(0, rows, block_rows):
        lhs_block = [_column_of_tiles(lhs_t, i + r, SIDE) for r in range(block_rows)]
        for j in range(0, cols, block_cols):
            numbers = range(j, j + block_cols)
            if not reload:
                rhs_block = [_column_of_tiles(rhs, c, BANK) for c in numbers]
            for r, lhs_tiles in enumerate(lhs_block):
                for c in numbers:
                    rhs_tiles = _column_of_tiles(rhs, c, BANK) if reload else rhs_block[c - j]
                    product = _product(zip(lhs_tiles, rhs_tiles, strict=True))
                    _drain(out, product, i + r, c)
    return out


def blocked(m, k, n, dtype="float32", block_rows=2, block_cols=2, reload=False):
    """Blocks of so many columns of tiles are loaded, tile by tile, and multiplied with each other.
    The contraction is whole. With `reload` the columns of rhs are loaded for each row of the block,
    for lack of room."""
    sizes = (block_rows, block_cols, reload)
    return Program(_blocked, (*_operands(m, k, n, dtype), *sizes))


def _rows_of_block(x, number, width):
    """The [SIDE, width] pieces of one column of blocks, one load each."""
    return [load(tile_of(x, t, number, SIDE, width)) for t in range(x.shape[0] // SIDE)]


@nki.jit
def _row_loads(lhs_t, rhs, block_rows, block_cols):
    rows, cols, _ = _sizes(lhs_t, rhs)
    out = _result(lhs_t, rhs)
    for i in range(0, rows, block_rows):
        lhs_rows = _rows_of_block(lhs_t, i // block_rows, block_rows * SIDE)
        for j in range(0, cols, block_cols):
            rhs_rows = _rows_of_block(rhs, j // block_cols, block_cols * BANK)
            for r in range(block_rows):
                for c in range(block_cols):
                    pairs = [
                        (columns(lhs, r, SIDE), columns(rhs, c, BANK))
                        for lhs, rhs in zip(lhs_rows, rhs_rows, strict=True)
                    ]
                    _drain(out, _product(pairs), i + r, j + c)
    return out


def row_loads(m, k, n, dtype="bfloat16", block_rows=8, block_cols=2):
    """As `blocked`, but one load brings a block's 128 rows in their full width."""
    return Program(_row_loads, (*_operands(m, k, n, dtype), block_rows, block_cols))


def _accumulate_block(sums, lhs_rows, rhs_rows, row, cols):
    """Adds a block's products to the sums in SBUF; `row` is the first of the sums concerned."""
    for c in range(cols):
        for r in range(lhs_rows[0].shape[1] // SIDE):
            pairs = [
                (columns(lhs, r, SIDE), columns(rhs, c, BANK))
                for lhs, rhs in zip(lhs_rows, rhs_rows, strict=True)
            ]
            total = sums[row + r][c]
            nisa.tensor_tensor(dst=total, data1=total, data2=_product(pairs), op=nl.add)


def _pack_and_store(out, sums, block):
    """One store of each row of sums: its tiles are brought together before."""
    for i, row in enumerate(sums):
        width = len(row) * BANK
        packed = sbuf((SIDE, width), out.dtype)
        for c, tile in enumerate(row):
            nisa.tensor_copy(dst=columns(packed, c, BANK), src=tile, engine=nisa.engine.vector)
        store(tile_of(out, i, block, SIDE, width), packed)


@nki.jit
def _blocked_everywhere(lhs_t, rhs, block_rows, block_cols, block_depth):
    rows, cols, depth = _sizes(lhs_t, rhs)
    out = _result(lhs_t, rhs)
    for j in range(cols // block_cols):
        sums = [
            [filled((SIDE, BANK), lhs_t.dtype, 0.0) for _ in range(block_cols)] for _ in range(rows)
        ]
        for t in range(0, depth, block_depth):
            steps = range(t, t + block_depth)
            rhs_rows = [load(tile_of(rhs, s, j, SIDE, block_cols * BANK)) for s in steps]
            for i in range(rows // block_rows):
                lhs_rows = [load(tile_of(lhs_t, s, i, SIDE, block_rows * SIDE)) for s in steps]
                _accumulate_block(sums, lhs_rows, rhs_rows, i * block_rows, block_cols)
        _pack_and_store(out, sums, j)
    return out


def blocked_everywhere(m, k, n, dtype="float32", block_rows=16, block_cols=2, block_depth=8):
    """The contraction is blocked too: products of blocks add up in SBUF."""
    sizes = (block_rows, block_cols, block_depth)
    return Program(_blocked_everywhere, (*_operands(m, k, n, dtype), *sizes))


@nki.jit
def _kept_columns(lhs_t, rhs, lhs_width):
    """Products of `lhs_width` rows of tiles are under way at a time."""
    rows, cols, depth = _sizes(lhs_t, rhs)
    out = _result(lhs_t, rhs, nl.float32)
    for j in range(cols):
        rhs_tiles = _column_of_tiles(rhs, j, BANK)
        for i in range(0, rows, lhs_width):
            products = [psum((SIDE, BANK)) for _ in range(lhs_width)]
            for t in range(depth):
                lhs_row = load(tile_of(lhs_t, t, i // lhs_width, SIDE, lhs_width * SIDE))
                for r, product in enumerate(products):
                    stationary = columns(lhs_row, r, SIDE)
                    nisa.nc_matmul(dst=product, stationary=stationary, moving=rhs_tiles[t])
            for r, product in enumerate(products):
                _drain(out, product, i + r, j)
    return out


def kept_columns(m, k, n, dtype="bfloat16", lhs_width=1):
    """A column of rhs stays in SBUF for all rows; lhs is streamed, `lhs_width` tiles in a load.
    The result is float32."""
    return Program(_kept_columns, (*_operands(m, k, n, dtype), lhs_width))


@nki.jit
def _streamed(lhs_t, rhs):
    rows, cols, depth = _sizes(lhs_t, rhs)
    out = _result(lhs_t, rhs, nl.float32)
    for i in range(rows):
        for j in range(cols):
            product = psum((SIDE, BANK))
            for t in range(depth):
                lhs_tile = load(tile_of(lhs_t, t, i, SIDE, SIDE))
                rhs_tile = load(tile_of(rhs, t, j, SIDE, BANK))
                nisa.nc_matmul(dst=product, stationary=lhs_tile, moving=rhs_tile)
            _drain(out, product, i, j)
    return out


def streamed(m, k, n, dtype="bfloat16"):
    """As `tile_by_tile`, with a float32 result."""
    return Program(_streamed, _operands(m, k, n, dtype))
