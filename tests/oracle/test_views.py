"""Random chains of the view methods against NumPy: shapes, strides, offsets and contents."""

import math

import nki.isa as nisa
import nki.language as nl
import numpy as np
import pytest
from case import Case, Register
from compare import compare_case, repetitions, seed
from execute import run
from generate import Generator
from mirror import Storage, View, dtype_of, is_affine, strides_of
from oracles_movement import copied
from storage_types import TYPES

TYPE_CHOICE = ("float32", "bfloat16", "uint8", "int32", "float8_e4m3")


def start(g, memory):
    """A whole tensor of up to five dimensions."""
    first = g.pick((1, 2, 16, 33, 128)) if memory == "sbuf" else g.size(12)
    shape = [first]
    for _ in range(g.integer(1, 4)):
        shape.append(g.pick([n for n in (1, 2, 3, 4, 6, 8, 12) if n * math.prod(shape) <= 1 << 14]))
    return View.whole(g.storage(memory, g.pick(TYPE_CHOICE), tuple(shape), "any"))


# Each step is given a view and returns another, or None where it does not apply. On-chip, dimension
# 0 is left alone by all but slices.


def free_dim(g, view):
    first = 1 if view.on_chip else 0
    return g.integer(first, len(view.shape) - 1)


def index(g, view):
    key = []
    for dim, size in enumerate(view.shape):
        way = g.rng.random()
        low, high = sorted((g.integer(0, size - 1), g.integer(0, size - 1)))
        if way < 0.5:
            key.append(slice(None))
        elif way < 0.7:
            # Negative bounds count from the end.
            low = low - size if g.chance(0.3) else low
            key.append(slice(low, high + 1, g.pick((None, 1, 2, 3))))
        elif way < 0.8:
            key.append(nl.ds(low, high - low + 1))
        elif view.on_chip and dim == 0:
            key.append(slice(None))
        else:
            key.append(g.pick((low, low - size)))
    if g.chance(0.3):
        at = g.integer(0, len(key))
        return view[(*key[:at], Ellipsis)]
    return view[tuple(key[: g.integer(1, len(key))])]


def permute(g, view):
    first = 1 if view.on_chip else 0
    rest = [first + int(i) for i in g.rng.permutation(len(view.shape) - first)]
    return view.permute((*range(first), *rest))


def broadcast(g, view):
    dim = free_dim(g, view)
    return view.broadcast(dim, g.integer(2, 5)) if view.shape[dim] == 1 else None


def expand_dim(g, view):
    if len(view.shape) >= 5:
        return None
    return view.expand_dim(g.integer(1 if view.on_chip else 0, len(view.shape)))


def squeeze_dim(g, view):
    dim = free_dim(g, view)
    return view.squeeze_dim(dim) if view.shape[dim] == 1 and len(view.shape) > 2 else None


def split(g, size):
    """Two or three factors of a size."""
    first = g.pick([d for d in range(1, size + 1) if size % d == 0])
    return (first, size // first)


def reshape_dim(g, view):
    dim = free_dim(g, view)
    sizes = split(g, view.shape[dim])
    if g.chance(0.4):
        sizes = g.pick(((-1, sizes[1]), (sizes[0], -1)))
    return view.reshape_dim(dim, sizes) if len(view.shape) < 5 else None


def flatten_dims(g, view):
    first = free_dim(g, view)
    last = g.integer(first, len(view.shape) - 1)
    merged = view.flatten_dims(first, last)
    plain = 0 not in strides_of(view.index)[first : last + 1] or first == last
    return merged if plain and is_affine(merged.index) and len(merged.shape) > 1 else None


def reshape(g, view):
    first = 1 if view.on_chip else 0
    total = math.prod(view.shape[first:])
    shape = (*view.shape[:first], *g.dims(total, most=3))
    result = view.reshape(shape)
    plain = 0 not in strides_of(view.index)[first:]
    return result if plain and is_affine(result.index) and len(shape) > 1 else None


def rearrange(g, view):
    """Splits one dimension, reorders, perhaps merges two that were split."""
    if len(view.shape) > 4:
        return None
    names = list("abcde"[: len(view.shape)])
    dim = free_dim(g, view)
    sizes = split(g, view.shape[dim])
    source = [(n, "z") if i == dim else n for i, n in enumerate(names)]
    fixed = 1 if view.on_chip else 0
    target = names[:fixed] + g.shuffled([*names[fixed:], "z"])
    known = {g.pick((names[dim], "z")): None}
    known = {n: sizes[0] if n == names[dim] else sizes[1] for n in known}
    if g.chance(0.2) and len(target) > fixed + 1:
        target[-2:] = [tuple(target[-2:])]
    result = view.rearrange(tuple(source), tuple(target), known)
    plain = 0 not in strides_of(view.index)
    return result if is_affine(result.index) and plain and len(result.shape) > 1 else None


def slice_(g, view):
    dim = g.integer(0, len(view.shape) - 1)
    low, high = sorted((g.integer(0, view.shape[dim] - 1), g.integer(0, view.shape[dim] - 1)))
    step = g.pick((1, 1, 2, 3)) if dim or not view.on_chip else 1
    return view.slice(dim, low, high + 1, step)


def select(g, view):
    dim = free_dim(g, view)
    return view.select(dim, g.integer(0, view.shape[dim] - 1)) if len(view.shape) > 2 else None


def reinterpret(g, view):
    """Where the last dimension is contiguous in memory."""
    type = g.pick(TYPE_CHOICE)
    ratio = TYPES[type].bytes / TYPES[view.type].bytes
    if view.shape[-1] > 1 and strides_of(view.index)[-1] != 1:
        return None
    if ratio > 1 and (view.shape[-1] % ratio or not aligned(view, int(ratio))):
        return None
    if view.shape[-1] == 1 and len(view.made) > 0:
        return None
    return view.view(type)


def aligned(view, ratio):
    """Whether every row begins at a whole element of the larger type."""
    steps = [s for s in strides_of(view.index)[:-1] if s]
    return view.index.flat[0] % ratio == 0 and all(s % ratio == 0 for s in steps)


STEPS = (
    *(index, permute, broadcast, expand_dim, squeeze_dim, reshape_dim, flatten_dims, reshape),
    *(rearrange, slice_, select, reinterpret),
)


def chain(g, memory):
    view = start(g, memory)
    for _ in range(g.integer(1, 6)):
        stepped = g.pick(STEPS)(g, view)
        if stepped is not None and stepped.index.size <= 1 << 16:
            view = stepped
    return view


def agree(tensor, view):
    """What a tensor says of itself, against the mirror."""
    strides = strides_of(view.index)
    wide = [axis for axis, size in enumerate(view.shape) if size > 1]
    assert tuple(tensor.shape) == view.shape, (tensor.shape, view.shape)
    assert tensor.ndim == len(view.shape)
    assert tensor.size == view.index.size
    assert tensor.dtype == dtype_of(view.type)
    assert [tensor.strides[a] for a in wide] == [strides[a] for a in wide], tensor.strides
    assert tensor.offset == view.index.flat[0], (tensor.offset, view.index.flat[0])
    pattern = [list(pair) for pair in tensor.get_pattern()]
    assert pattern == [list(p) for p in zip(tensor.strides, tensor.shape, strict=True)], pattern
    free = range(1 if view.on_chip else 0, len(view.shape))
    inner = [math.prod(view.shape[axis + 1 :]) for axis in range(len(view.shape))]
    contiguous = all(strides[a] == inner[a] for a in free if view.shape[a] > 1)
    assert tensor.is_contiguous() == contiguous
    assert not tensor.is_indirect()


def looked_at(g, memory):
    """A case whose kernel compares what the view says, and copies its contents."""
    view = chain(g, memory)
    # Copied in HBM as one line, so that nothing depends on the shape.
    dst = View.whole(g.storage("hbm", view.type, (view.index.size,), "any"))

    def look(dst, src):
        agree(src, view)
        nisa.dma_copy(dst=dst, src=src)

    return Case([(look, {"dst": dst, "src": view})], [copied(dst, view)])


@pytest.mark.parametrize("memory", ["sbuf", "hbm"])
def test_chains_of_views(memory):
    for number in range(repetitions(1000)):
        compare_case(f"views in {memory}", lambda g: looked_at(g, memory), ("gen3",), number)


def test_reading_and_writing_by_a_view_are_inverse():
    """What a chain of views writes is there, and elsewhere is what was."""

    def draw(g):
        view = chain(g, g.pick(("sbuf", "hbm")))
        if len(np.unique(view.index)) < view.index.size:
            return None
        src = View.whole(g.storage("hbm", view.type, (view.index.size,), "any"))
        return Case([("dma_copy", {"dst": view, "src": src})], [copied(view, src)])

    for number in range(repetitions(500)):
        compare_case("writes by views", draw, ("gen3",), number)


def numbered(memory, type, shape):
    """A whole tensor of elements that all differ."""
    bits = np.arange(math.prod(shape)).reshape(shape).astype(TYPES[type].bits)
    return View.whole(Storage(memory, type, bits))


def test_the_documented_examples():
    """The shapes and offsets that NKI's reference states, one by one."""
    whole = numbered("sbuf", "float32", (128, 64))
    for view, shape, offset in (
        (whole.slice(1, 8, 24), (128, 16), 8),
        (whole.slice(1, 0, 64, 2), (128, 32), 0),
        (whole[..., 0], (128, 1), 0),
        (whole.view("uint8"), (128, 256), 0),
        (whole.view("int32"), (128, 64), 0),
        (whole.expand_dim(1), (128, 1, 64), 0),
        (whole.reshape_dim(1, (4, -1)), (128, 4, 16), 0),
        (whole.rearrange(("b", ("h", "w")), ("b", "w", "h"), {"h": 4}), (128, 16, 4), 0),
    ):
        assert view.shape == shape
        assert view.index.flat[0] == offset
        dst = numbered("hbm", view.type, (view.index.size,))

        def look(dst, src, view=view):
            agree(src, view)
            nisa.dma_copy(dst=dst, src=src)

        case = Case([(look, {"dst": dst, "src": view})], [copied(dst, view)])
        compare_case("documented views", lambda _, case=case: case, ("gen3",), 0)


# Views with a runtime index, read and written by a compute engine.


def dynamic(g):
    """A tile in SBUF from a runtime index on, along one of its free dimensions."""
    shape = (g.partitions(), g.integer(2, 8), g.integer(1, 6), g.integer(1, 6))
    table = View.whole(g.storage("sbuf", "float32", shape, "any"))
    dim = g.integer(1, 3)
    number = g.integer(0, shape[dim] - 1)
    index = g.filled("int32", np.full((1, 1), number, np.uint32))
    index = Register(index if g.chance(0.5) else number) if g.chance(0.5) else index
    if g.chance(0.4) and not isinstance(index, Register):
        return table.select(dim, index, number)
    steps = [math.prod(shape[axis + 1 :]) for axis in range(4)]
    counts = list(shape)
    counts[dim] = g.integer(1, shape[dim] - number)
    pattern = [[step, count] for step, count in zip(steps, counts, strict=True)]
    return table.ap_from(pattern, 0, number, dim, scalar=index)


def dynamic_case(g):
    view = dynamic(g)
    written = g.chance(0.5)
    tile = g.tile(view.shape, "float32", g.memory(), "any", written=not written)
    dst, src = (view, tile) if written else (tile, view)

    def copy(dst, src):
        assert (dst if written else src).is_indirect()
        nisa.tensor_copy(dst=dst, src=src)

    return Case([(copy, {"dst": dst, "src": src})], [copied(dst, src)])


def test_views_with_a_runtime_index():
    for number in range(repetitions(300)):
        compare_case("runtime index", dynamic_case, ("gen2", "gen3", "gen4"), number)


def gathered_columns(g):
    """Columns chosen by offsets that lie down the 16 partitions of each group, then across."""
    groups, columns = g.integer(1, 8), g.integer(1, 40)
    partitions, count = 16 * groups, g.integer(1, 60)
    table = View.whole(g.storage("sbuf", "float32", (partitions, columns), "any"))
    numbers = g.rng.integers(0, columns, (partitions, -(-count // 16)))
    index = g.filled("uint16", numbers.astype(np.uint16))
    chosen = [group.T.ravel()[:count] for group in numbers.reshape(groups, 16, -1)]
    at = np.arange(partitions)[:, None] * columns + np.repeat(chosen, 16, 0)
    made = (*table.made, ("indirect", (index, count)))
    view = View(table.storage, at, table.type, made)
    dst = g.tile((partitions, count), "float32", "sbuf", "any", written=True)
    return Case([("tensor_copy", {"dst": dst, "src": view})], [copied(dst, view)])


@pytest.mark.skipif(not hasattr(nl.NkiTensor, "indirect"), reason="there is no indirect view")
def test_indirect_views():
    for number in range(repetitions(100)):
        compare_case("indirect", gathered_columns, ("gen4",), number)


@pytest.mark.parametrize("scatter", [False, True])
def test_an_index_outside_is_an_error(scatter):
    """Without oob_mode.skip."""
    g = Generator(np.random.default_rng(seed()), "gen3")
    table = numbered("hbm", "float32", (8, 4))
    column = g.filled("int32", np.array([[0], [1], [8]], np.uint32))
    view = table.ap_from([[4, 3], [1, 4]], 0, [0, 1, 0], 0, vector=column)
    tile = numbered("sbuf", "float32", (3, 4))
    dst, src = (view, tile) if scatter else (tile, view)
    with pytest.raises(Exception, match="8"):
        run(Case([("dma_copy", {"dst": dst, "src": src})]))
