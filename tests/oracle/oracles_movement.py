"""Oracles of what moves data: copies, transposes, shuffles, fills."""

import math

import nki.isa as nisa
import nki.language as nl
import numpy as np
from case import Case, Register, oracle, same_bits, same_integers, same_numbers
from mirror import View
from storage_types import ALL, ARITHMETIC, FLOATS, INTEGERS, TYPES


def copied(dst, src, selected=None):
    """What dst holds after src was copied into it in row-major order: bit for bit if the types are
    the same, else by way of float32. `selected` are the positions of dst that are written."""
    if dst.type == src.type:
        bits = src.bits().reshape(dst.shape)
        if selected is not None:
            bits = np.where(selected, bits, dst.bits())
        return same_bits(dst, bits)
    values = src.values().reshape(dst.shape)
    if selected is not None:
        values = np.where(selected, values, dst.values())
    return same_numbers(dst, values)


def _two_types(g):
    """Types of a copy: the same, or two that convert."""
    if g.chance(0.5):
        return (g.any_type(),) * 2
    return g.pick((*ARITHMETIC, "bool")), g.pick(ARITHMETIC)


def _contents(source, target):
    return "any" if source == target else "wide"


# DMA.


def _dma_shapes(g, elements, memory):
    """A shape of `elements` elements for one side of a copy."""
    if memory == "hbm":
        return g.dims(elements, most=4)
    rows = [n for n in range(1, 129) if elements % n == 0]
    partitions = g.pick(rows)
    return partitions, *g.dims(elements // partitions, most=3)


@oracle("dma_copy", count=500)
def dma_copy(g):
    way = g.rng.random()
    if way < 0.25:
        return _gather_or_scatter(g)
    if way < 0.45:
        return _moved_by_scalar(g)
    source_type, target_type = _two_types(g)
    memories = g.pick((("hbm", "sbuf"), ("sbuf", "hbm"), ("hbm", "hbm"), ("sbuf", "sbuf")))
    partitions = g.partitions()
    elements = partitions * g.elements(partitions)
    shapes = [_dma_shapes(g, elements, m) for m in memories]
    values = _contents(source_type, target_type)
    src = g.tile(shapes[0], source_type, memories[0], values, dma=True)
    dst = g.tile(shapes[1], target_type, memories[1], values, written=True, dma=True)
    return Case([("dma_copy", {"dst": dst, "src": src})], [copied(dst, src)])


def _indices(g, values, type=None):
    """A column of row numbers in SBUF."""
    type = type or g.pick(("int32", "uint32"))
    return g.filled(type, np.asarray(values).astype("int32").view("uint32")[:, None])


def _rows_of_hbm(g, type, values="any"):
    """A table in HBM and the number of elements in each of its rows."""
    rows = g.integer(1, 40)
    shape = (rows, *g.dims(g.integer(1, 48), most=2))
    return View.whole(g.storage("hbm", type, shape, values)), math.prod(shape[1:])


def _gather_or_scatter(g):
    """Rows of a table in HBM chosen by a column of indices, read or written."""
    table, row = _rows_of_hbm(g, type := g.any_type())
    rows, partitions = table.shape[0], g.partitions()
    skip = g.chance(0.4)
    scatter = g.chance(0.4)
    numbers = g.rng.integers(0, rows, partitions)
    if scatter:
        # Two writes of one row would leave it to chance which is last.
        numbers = np.arange(partitions) % (3 * rows) if skip else g.rng.permutation(rows)
        numbers = g.rng.permutation(numbers)[: min(partitions, rows)]
        partitions = len(numbers)
    outside = np.zeros(partitions, bool)
    if skip:
        outside = g.rng.random(partitions) < 0.3
        numbers = np.where(outside, rows + g.rng.integers(0, 50, partitions), numbers)
        outside = numbers >= rows
    column = _indices(g, numbers)
    if g.chance(0.4) and not skip:
        view = table.vector_select(0, column, numbers)
    else:
        at = g.integer(0, row - 1)
        # The leading step does not count; 0 keeps more indices than rows within the tensor.
        pattern = [[row if partitions <= rows else 0, partitions], [1, row - at]]
        view = table.ap_from(pattern, at, numbers, 0, vector=column)
    view = _with_rows(view, numbers, outside)
    selected = np.broadcast_to((~outside).reshape([-1] + [1] * (len(view.shape) - 1)), view.shape)
    tile = g.tile(view.shape, type, "sbuf", "any", written=not scatter)
    dst, src = (view, tile) if scatter else (tile, view)
    arguments = {"dst": dst, "src": src}
    if skip:
        arguments["oob_mode"] = nisa.oob_mode.skip
    return Case([("dma_copy", arguments)], [_written(dst, src, selected, scatter)])


def _with_rows(view, numbers, outside):
    """The view; what is outside is read as element 0, which no expectation uses."""
    return view if not outside.any() else _replaced(view, np.maximum(view.index, 0))


def _replaced(view, index):
    return View(view.storage, index, view.type, view.made)


def _written(dst, src, selected, scatter):
    if not scatter:
        return copied(dst, src, selected)
    # The whole table, with the chosen rows replaced.
    whole = View.whole(dst.storage)
    bits = whole.bits().copy()
    bits.reshape(-1)[dst.index[selected]] = src.bits()[selected]
    return same_bits(whole, bits)


def _moved_by_scalar(g):
    """A block of a table in HBM whose first row or column is a runtime index."""
    type = g.any_type()
    table, _ = _rows_of_hbm(g, type)
    dim = g.integer(0, len(table.shape) - 1)
    number = g.integer(0, table.shape[dim] - 1)
    by_register = g.chance(0.5)
    if g.chance(0.15):
        return _skipped(g, table, dim)
    index = g.filled("int32", np.full((1, 1), number, np.uint32))
    index = Register(index if g.chance(0.5) else number) if by_register else index
    if g.chance(0.4) and len(table.shape) > 1 and not by_register:
        view = table.select(dim, index, number)
    else:
        view = _block(g, table, dim, number, index)
    store = g.chance(0.5)
    tile = g.tile(_dma_shapes(g, view.index.size, "sbuf"), type, "sbuf", "any", not store, True)
    dst, src = (view, tile) if store else (tile, view)
    return Case([("dma_copy", {"dst": dst, "src": src})], [copied(dst, src)])


def _skipped(g, table, dim):
    """An index outside: nothing is copied."""
    number = table.shape[dim] * math.prod(table.shape[:dim]) + g.integer(0, 20)
    index = g.filled("int32", np.full((1, 1), number, np.uint32))
    pattern = [[math.prod(table.shape[dim + 1 :]), 1], [1, 1]]
    view = table.ap_from(pattern, 0, number, dim, scalar=Register(index))
    src = View(view.storage, np.zeros(view.shape, int), view.type, view.made)
    dst = g.tile((1, 1), table.type, "sbuf", "any", written=True)
    arguments = {"dst": dst, "src": src, "oob_mode": nisa.oob_mode.skip}
    return Case([("dma_copy", arguments)], [same_bits(dst, dst.bits())])


def _block(g, table, dim, number, index):
    """The table from a runtime index along `dim` to its end, as an access pattern."""
    strides = [math.prod(table.shape[i + 1 :]) for i in range(len(table.shape))]
    counts = list(table.shape)
    counts[dim] = g.integer(1, counts[dim] - number)
    pattern = [[s, c] for s, c in zip(strides, counts, strict=True)]
    return table.ap_from(pattern, 0, number, dim, scalar=index)


@oracle("dma_transpose", count=200)
def dma_transpose(g):
    if g.target != "gen2" and g.chance(0.25):
        return _gathered_transpose(g)
    type = g.pick([t for t in ALL if TYPES[t].bytes > 1])
    axes = g.pick(((1, 0), (2, 1, 0), (3, 1, 2, 0)))
    memory = g.pick(("hbm", "sbuf"))
    most = 128 if len(axes) == 2 else 24
    shape = [g.size(most)] + [g.size(6) for _ in axes[2:]] + [g.size(most)]
    src = g.tile(shape, type, memory, "any", dma=True)
    dst = g.tile([shape[a] for a in axes], type, "sbuf", "any", written=True, dma=True)
    arguments = {"dst": dst, "src": src}
    if g.chance(0.7):
        arguments["axes"] = axes
    return Case([("dma_transpose", arguments)], [same_bits(dst, src.bits().transpose(axes))])


def _gathered_transpose(g):
    """Rows of a table in HBM chosen by columns of indices, each column from top to bottom."""
    type = g.pick(("bfloat16", "float16", "uint16"))
    middle = g.shuffled([1, g.integer(1, 4)]) if g.chance(0.4) else []
    shape = (g.integer(1, 200), *middle, g.integer(1, 64))
    table = View.whole(g.storage("hbm", type, shape, "any"))
    columns = g.pick((1, 1, 2, 3))
    partitions = 128 if columns > 1 else 16 * g.integer(1, 8)
    numbers = g.rng.integers(0, shape[0], (partitions, columns))
    index = g.filled("uint32", numbers.astype(np.uint32))
    chosen = numbers.T.ravel()
    strides = [math.prod(shape[axis + 1 :]) for axis in range(len(shape))]
    pattern = [[s, n] for s, n in zip(strides, (len(chosen), *shape[1:]), strict=True)]
    if len(chosen) > shape[0]:
        # The leading step does not count; 0 keeps the pattern within the tensor.
        pattern[0][0] = 0
    src = table.ap_from(pattern, 0, chosen, 0, vector=index)
    axes = (3, 1, 2, 0) if middle else (1, 0)
    dst = g.tile([src.shape[a] for a in axes], type, "sbuf", "any", written=True, dma=True)
    arguments = {"dst": dst, "src": src, "axes": axes}
    return Case([("dma_transpose", arguments)], [same_bits(dst, src.bits().transpose(axes))])


@oracle("dma_compute", count=200)
def dma_compute(g):
    """A sum of tensors; of more than two whole numbers, as NKI gives no order."""
    if g.chance(0.4):
        return _read_modify_write(g)
    count = g.integer(2, 5)
    partitions = g.partitions()
    elements = partitions * g.elements(partitions, 100)
    memories = [g.pick(("hbm", "sbuf")) for _ in range(count + 1)]
    values = "finite" if count == 2 else "whole"
    srcs = [
        g.tile(_dma_shapes(g, elements, m), g.arithmetic_type(), m, values, dma=True)
        for m in memories[1:]
    ]
    shape = _dma_shapes(g, elements, memories[0])
    dst = g.tile(shape, g.arithmetic_type(), memories[0], values, written=True, dma=True)
    total = np.zeros(elements, np.float32)
    for src in srcs:
        total = total + src.values().ravel()
    arguments = {"dst": dst, "srcs": srcs, "reduce_op": nl.add}
    if g.chance(0.4):
        arguments["scales"] = [1.0] * count
    expected = same_numbers(dst, total.reshape(shape), unsigned_zero=True)
    return Case([("dma_compute", arguments)], [expected])


def _read_modify_write(g):
    """Rows of a table in HBM, chosen by a column of indices, added to or added."""
    table, row = _rows_of_hbm(g, g.pick(("float32", "bfloat16")), "finite")
    rows = table.shape[0]
    numbers = g.rng.permutation(rows)
    partitions = len(numbers)
    column = _indices(g, numbers)
    view = table.ap_from([[row, partitions], [1, row]], 0, numbers, 0, vector=column)
    tile = g.tile((partitions, row), table.type, "sbuf", "finite", written=True)
    dst = view if g.chance(0.5) else tile
    total = view.values() + tile.values()
    arguments = {"dst": dst, "srcs": [view, tile], "reduce_op": nl.add}
    return Case([("dma_compute", arguments)], [same_numbers(dst, total, unsigned_zero=True)])


# Copies by the compute engines.


def _copy_engine(g, *views):
    """An engine that can copy between the memories of these views."""
    engines = ["unknown", "vector"]
    if g.target != "gen2":
        engines.append("scalar")
    if all(v.storage.memory == "sbuf" for v in views):
        engines.append("gpsimd")
    return nisa.engine[g.pick(engines)]


@oracle("tensor_copy", count=400)
def tensor_copy(g):
    source_type, target_type = _two_types(g)
    values = _contents(source_type, target_type)
    partitions = g.partitions()
    elements = g.elements(partitions)
    src = g.tile((partitions, *g.dims(elements)), source_type, g.memory(), values)
    dst = g.tile((partitions, *g.dims(elements)), target_type, g.memory(), values, written=True)
    arguments = {"dst": dst, "src": src, "engine": _copy_engine(g, dst, src)}
    return Case([("tensor_copy", arguments)], [copied(dst, src)])


@oracle("memset", count=200)
def memset(g):
    type = g.any_type()
    kind = TYPES[type]
    partitions = g.partitions()
    shape = (partitions, *g.dims(g.elements(partitions)))
    dst = g.tile(shape, type, g.memory(), "any", written=True)
    if kind.is_packed:
        value, expected = 0, same_bits(dst, 0)
    elif kind.is_integer:
        limits = np.iinfo(kind.numpy)
        value = g.pick((0, 1, limits.min, limits.max, g.integer(limits.min, limits.max)))
        expected = same_integers(dst, np.full(shape, value))
    else:
        value = g.pick((0.0, 1.0, -2.5, float("inf"), g.constant("wide")))
        expected = same_numbers(dst, np.full(shape, value))
    engines = ["unknown", "vector"] + ["gpsimd"] * (dst.storage.memory == "sbuf")
    arguments = {"dst": dst, "value": value, "engine": nisa.engine[g.pick(engines)]}
    return Case([("memset", arguments)], [expected])


@oracle("tensor_copy_predicated", count=200)
def tensor_copy_predicated(g):
    type = g.pick((*INTEGERS, *FLOATS))
    partitions = g.partitions()
    elements = g.elements(partitions)
    memories = g.memories(2)
    shape = (partitions, *g.dims(elements))
    dst = g.tile(shape, type, g.memory(), "any", written=True)
    predicate_type = g.pick(("uint8", "uint16", "uint32"))
    predicate = g.tile(shape, predicate_type, memories[0], (0, 2))
    reverse = g.chance(0.4)
    chosen = (predicate.integers() == 0) if reverse else (predicate.integers() != 0)
    if g.chance(0.3):
        src = float(g.integer(0, 100))
        stored = TYPES[type].from_float32(np.full(shape, src, np.float32))
    else:
        src = g.tile(shape, type, memories[1], "any")
        stored = src.bits()
    arguments = {"dst": dst, "src": src, "predicate": predicate}
    if reverse:
        arguments["reverse_pred"] = True
    expected = same_bits(dst, np.where(chosen, stored, dst.bits()))
    return Case([("tensor_copy_predicated", arguments)], [expected])


@oracle("nc_transpose", count=200)
def nc_transpose(g):
    by_vector = g.chance(0.4)
    types = (*INTEGERS, *FLOATS) if by_vector else ("float32", "bfloat16", "float16", "uint16")
    # The tensor engine of gen2 writes float32 only.
    type = "float32" if g.target == "gen2" and not by_vector else g.pick(types)
    most = 32 if by_vector else 128
    partitions, elements = g.size(most), g.size(most)
    # gen2 transposes by multiplying with ones and zeros, which NaN and infinity do not survive.
    values = "finite" if g.target == "gen2" and not by_vector else "any"
    memory = g.memory() if by_vector else "sbuf"
    data = g.tile((partitions, *g.dims(elements)), type, memory, values)
    shape = (elements, *g.dims(partitions))
    if by_vector:
        dst = g.tile(shape, type, g.memory(), values, written=True)
    else:
        dst = g.tensor_engine_tile(shape, type, values)
    transposed = data.bits().reshape(partitions, elements).T.reshape(dst.shape)
    arguments = {"dst": dst, "data": data}
    if by_vector or g.chance(0.5):
        arguments["engine"] = nisa.engine.vector if by_vector else nisa.engine.tensor
    return Case([("nc_transpose", arguments)], [same_bits(dst, transposed)])


@oracle("nc_stream_shuffle", count=200)
def nc_stream_shuffle(g):
    type = g.any_type()
    partitions = g.pick((1, 5, 16, 32, 64, 96, 128))
    quadrants = -(-partitions // 32)
    elements = g.elements(32 * quadrants)
    limit = min(partitions, 32)
    mask = [255 if g.chance(0.2) else g.integer(0, limit - 1) for _ in range(32)]
    src = g.tile((partitions, *g.dims(elements)), type, g.memory(), "any")
    dst = g.tile((partitions, *g.dims(elements)), type, g.memory(), "any", written=True)
    rows = src.bits().reshape(partitions, -1)
    expected = dst.bits().reshape(partitions, -1).copy()
    for p in range(partitions):
        if mask[p % 32] != 255:
            expected[p] = rows[p - p % 32 + mask[p % 32]]
    arguments = {"dst": dst, "src": src, "shuffle_mask": mask}
    return Case([("nc_stream_shuffle", arguments)], [same_bits(dst, expected.reshape(dst.shape))])
