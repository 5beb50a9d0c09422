"""One instruction on values that memset made, or a short stream of one kind of instruction. What is
measured is the last of its kind; a store after it brings the result out."""

import kiln.nki.isa as nisa
import kiln.nki.language as nl
from kiln import nki
from kiln.timing_validation.building import (
    BANK,
    PARTITIONS,
    Program,
    filled,
    hbm,
    psum,
    sbuf,
    store,
)

_MEMORIES = {"sbuf": nl.sbuf, "psum": nl.psum}
_ENGINES = {"vector": nisa.engine.vector, "scalar": nisa.engine.scalar}


def _dtype(name):
    return getattr(nl, name)


def _finish(tile):
    """Copies a result to HBM, by way of SBUF if it is in PSUM, and returns it."""
    out = hbm(tile.shape, tile.dtype)
    if tile.buffer == nl.psum:
        copy = sbuf(tile.shape, tile.dtype)
        nisa.activation(dst=copy, op=nl.copy, data=tile)
        tile = copy
    store(out, tile)
    return out


@nki.jit
def _tensor_copy(n, engine, source, source_dtype, dtype, length):
    tile = filled((PARTITIONS, n), _dtype(source_dtype), 3.0, _MEMORIES[source])
    for _ in range(length):
        result = sbuf((PARTITIONS, n), _dtype(dtype))
        nisa.tensor_copy(dst=result, src=tile, engine=_ENGINES[engine])
        tile = result
    return _finish(result)


def tensor_copy(
    n, engine="vector", source="sbuf", source_dtype="float32", dtype="float32", length=1
):
    """A copy into SBUF; of `length`, each copies what the one before wrote."""
    return Program(_tensor_copy, (n, engine, source, source_dtype, dtype, length))


@nki.jit
def _activation(n, op, source, source_dtype, dtype, length, partitions):
    tile = filled((partitions, n), _dtype(source_dtype), 0.5, _MEMORIES[source])
    for _ in range(length):
        result = sbuf((partitions, n), _dtype(dtype))
        nisa.activation(dst=result, op=getattr(nl, op), data=tile)
        tile = result
    return _finish(result)


def activation(
    n,
    op="exp",
    source="sbuf",
    source_dtype="float32",
    dtype="float32",
    length=1,
    partitions=PARTITIONS,
):
    """An activation function; of `length`, each takes what the one before wrote."""
    return Program(_activation, (n, op, source, source_dtype, dtype, length, partitions))


@nki.jit
def _activation_reduce(n, op):
    tile = filled((PARTITIONS, n), nl.float32, 0.5)
    result, total = sbuf((PARTITIONS, n), nl.float32), sbuf((PARTITIONS, 1), nl.float32)
    nisa.activation_reduce(
        dst=result, op=getattr(nl, op), data=tile, reduce_op=nl.add, reduce_res=total
    )
    return _finish(total)


def activation_reduce(n, op="exp"):
    """An activation function whose results are also summed up in each partition."""
    return Program(_activation_reduce, (n, op))


@nki.jit
def _tensor_tensor(n, op, source2, dtype, result_dtype, partitions):
    first = filled((partitions, n), _dtype(dtype), 3.0)
    second = filled((partitions, n), _dtype(dtype), 4.0, _MEMORIES[source2])
    result = sbuf((partitions, n), _dtype(result_dtype))
    nisa.tensor_tensor(
        dst=result, data1=first, data2=second, op=getattr(nl, op), engine=nisa.engine.vector
    )
    return _finish(result)


def tensor_tensor(
    n,
    op="add",
    source2="sbuf",
    dtype="float32",
    result_dtype="float32",
    partitions=PARTITIONS,
):
    return Program(_tensor_tensor, (n, op, source2, dtype, result_dtype, partitions))


@nki.jit
def _tensor_scalar(n):
    tile = filled((PARTITIONS, n), nl.float32, 3.0)
    result = sbuf((PARTITIONS, n), nl.float32)
    nisa.tensor_scalar(
        dst=result, data=tile, op0=nl.multiply, operand0=2.0, engine=nisa.engine.vector
    )
    return _finish(result)


def tensor_scalar(n):
    return Program(_tensor_scalar, (n,))


@nki.jit
def _tensor_reduce(n, source, dtype):
    tile = filled((PARTITIONS, n), _dtype(dtype), 0.5, _MEMORIES[source])
    result = sbuf((PARTITIONS, 1), nl.float32)
    nisa.tensor_reduce(dst=result, op=nl.add, data=tile, axis=1)
    return _finish(result)


def tensor_reduce(n, source="sbuf", dtype="float32"):
    return Program(_tensor_reduce, (n, source, dtype))


@nki.jit
def _reciprocal(n):
    tile = filled((PARTITIONS, n), nl.float32, 4.0)
    result = sbuf((PARTITIONS, n), nl.float32)
    nisa.reciprocal(dst=result, data=tile)
    return _finish(result)


def reciprocal(n):
    return Program(_reciprocal, (n,))


@nki.jit
def _memset(n):
    result = sbuf((PARTITIONS, n), nl.float32)
    nisa.memset(result, 7.0, engine=nisa.engine.vector)
    return _finish(result)


def memset(n):
    return Program(_memset, (n,))


@nki.jit
def _tensor_tensor_scan(n, seed):
    factors = filled((PARTITIONS, n), nl.float32, 0.5)
    terms = filled((PARTITIONS, n), nl.float32, 1.0)
    initial = filled((PARTITIONS, 1), nl.float32, 0.0) if seed == "tensor" else 0.0
    result = sbuf((PARTITIONS, n), nl.float32)
    nisa.tensor_tensor_scan(
        dst=result, data0=factors, data1=terms, initial=initial, op0=nl.multiply, op1=nl.add
    )
    return _finish(result)


def tensor_tensor_scan(n, seed="constant"):
    """A scan by multiplication and addition, from a constant or from a column."""
    return Program(_tensor_tensor_scan, (n, seed))


@nki.jit
def _stream_shuffle(n):
    tile = filled((PARTITIONS, n), nl.bfloat16, 3.0)
    result = sbuf((PARTITIONS, n), nl.bfloat16)
    nisa.nc_stream_shuffle(dst=result, src=tile, shuffle_mask=list(range(31, -1, -1)))
    return _finish(result)


def stream_shuffle(n):
    """The order of the partitions reversed in each group of 32."""
    return Program(_stream_shuffle, (n,))


@nki.jit
def _predicated_copy(n):
    result = filled((PARTITIONS, n), nl.float32, 3.0)
    predicate = filled((PARTITIONS, n), nl.uint8, 1)
    nisa.tensor_copy_predicated(dst=result, src=5.0, predicate=predicate)
    return _finish(result)


def predicated_copy(n):
    """A constant, copied where a tile is not 0."""
    return Program(_predicated_copy, (n,))


@nki.jit
def _affine_select(n):
    tile = filled((PARTITIONS, n), nl.float32, 3.0)
    result = sbuf((PARTITIONS, n), nl.float32)
    nisa.affine_select(
        dst=result,
        pattern=[[-1, n]],
        channel_multiplier=1,
        on_true_tile=tile,
        on_false_value=-1.0,
        cmp_op=nl.greater_equal,
    )
    return _finish(result)


def affine_select(n):
    """A causal mask."""
    return Program(_affine_select, (n,))


@nki.jit
def _vector_transposes(count):
    tile = filled((32, 32), nl.float32, 3.0)
    results = sbuf((32, 32 * count), nl.float32)
    for i in range(count):
        nisa.nc_transpose(dst=results[:, nl.ds(32 * i, 32)], data=tile, engine=nisa.engine.vector)
    return _finish(results)


def vector_transposes(count):
    """A stream of 32 x 32 transposes within one group of partitions."""
    return Program(_vector_transposes, (count,))


@nki.jit
def _transposes(dtype, count):
    tile = filled((PARTITIONS, PARTITIONS), _dtype(dtype), 3.0)
    per_bank = BANK // PARTITIONS
    for i in range(count):
        if i % per_bank == 0:
            bank = psum((PARTITIONS, BANK), _dtype(dtype))
        part = bank[:, nl.ds(PARTITIONS * (i % per_bank), PARTITIONS)]
        nisa.nc_transpose(dst=part, data=tile, engine=nisa.engine.tensor)
    return _finish(part)


def transposes(dtype="float32", count=1):
    """A stream of 128 x 128 transposes by the Tensor engine."""
    return Program(_transposes, (dtype, count))


@nki.jit
def _matmuls(n, dtype, k, m, count):
    stationary = filled((k, m), _dtype(dtype), 1.0)
    moving = filled((k, n), _dtype(dtype), 2.0)
    product = psum((m, n))
    for _ in range(count):
        nisa.nc_matmul(dst=product, stationary=stationary, moving=moving)
    return _finish(product)


def matmuls(n, dtype="float32", k=PARTITIONS, m=PARTITIONS, count=1):
    """A stream of matmuls [k, m] by [k, n] that add up in one PSUM tile."""
    return Program(_matmuls, (n, dtype, k, m, count))
