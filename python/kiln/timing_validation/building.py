"""What the measured programs are made of: arguments that cost no memory, tiles, plain copies."""

from typing import NamedTuple

import numpy as np

import kiln.nki.isa as nisa
import kiln.nki.language as nl

PARTITIONS = 128
BANK = 512  # float32 elements of a PSUM bank in a partition

# Descriptors that are made before the kernel starts, as --disable-dge has it.
STATIC = nisa.dge_mode.none


class Program(NamedTuple):
    """A kernel and what it is called with. options["grid"] is its launch grid, if it has one."""

    kernel: object
    arguments: tuple
    options: dict = {}


def placeholder(shape, dtype="float32"):
    """An array of zeros whose memory nobody has touched, so that it takes none."""
    return np.zeros(shape, getattr(nl, dtype))


def sbuf(shape, dtype):
    return nl.ndarray(shape, dtype=dtype, buffer=nl.sbuf)


def psum(shape, dtype=nl.float32):
    return nl.ndarray(shape, dtype=dtype, buffer=nl.psum)


def hbm(shape, dtype):
    return nl.ndarray(shape, dtype=dtype, buffer=nl.shared_hbm)


def load(src, dge_mode=None, into=None):
    """A tile with what `src` holds: a new one, unless `into` is given."""
    tile = sbuf(src.shape, src.dtype) if into is None else into
    nisa.dma_copy(dst=tile, src=src, dge_mode=dge_mode)
    return tile


def store(dst, src, dge_mode=None):
    nisa.dma_copy(dst=dst, src=src, dge_mode=dge_mode)


def filled(shape, dtype, value, buffer=nl.sbuf):
    tile = nl.ndarray(shape, dtype=dtype, buffer=buffer)
    nisa.memset(tile, value)
    return tile


def tile_of(x, row, column, height, width):
    """The tile at (row, column), counted in tiles of this size."""
    return x[nl.ds(row * height, height), nl.ds(column * width, width)]


def columns(x, number, width):
    return x[:, nl.ds(number * width, width)]


def product_with_ones(row, ones):
    """A row that is in one partition, in all of them: the product of `ones` [1, 128] with it, in
    PSUM."""
    product = psum((PARTITIONS, row.shape[1]))
    nisa.nc_matmul(dst=product, stationary=ones, moving=row)
    return product


def replicated(row, ones):
    """The same for longer rows, copied to SBUF by the Scalar engine."""
    result = sbuf((PARTITIONS, row.shape[1]), row.dtype)
    for start in range(0, row.shape[1], BANK):
        part = nl.ds(start, min(BANK, row.shape[1] - start))
        product = product_with_ones(row[:, part], ones)
        nisa.activation(dst=result[:, part], op=nl.copy, data=product)
    return result
