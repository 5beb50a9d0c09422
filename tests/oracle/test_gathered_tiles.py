"""Tensor indirection: the instructions that take views made by indirect(), on such views.

The cases are those of the instructions' own oracles. Their operands are moved into tables, where
each element of a partition is where an index says, and the results are expected there.
"""

from dataclasses import replace

import nki.isa as nisa
import numpy as np
import pytest
from case import ORACLES, Case
from compare import compare_case, family, repetitions
from generate import allowed_starts
from mirror import Storage, View
from storage_types import TYPES

for name in ("movement", "vector", "scalar", "matrix", "selection"):
    family(name)

# The operands that may be indirect: what is written, then what is read.
OPERANDS = {
    "tensor_copy": ("dst", "src"),
    "tensor_copy_predicated": ("dst", "predicate"),
    "tensor_tensor": ("dst", "data1"),
    "tensor_scalar": ("dst", "data"),
    "tensor_reduce": ("dst", "data"),
    "tensor_scalar_reduce": ("dst", "data"),
    "tensor_scalar_cumulative": ("dst", "src"),
    "activation": ("dst", "data"),
    "activation_reduce": ("dst", "data"),
    "activate2": ("dst", "data"),
    "exponential": ("dst", "src"),
    "nc_matmul": ("dst", "stationary", "moving"),
    "nc_matmul_mx": ("dst", "stationary", "moving"),
}
SCALAR_ENGINE = ("activation", "activation_reduce", "activate2")
TENSOR_ENGINE = ("nc_matmul", "nc_matmul_mx")
WORDS = ("int32", "uint32")


def index_for(g, partitions, count, columns, group, first):
    """(numbers of each group, the index that holds them): different ones, down the partitions of a
    group and then across; nothing if the last group has too few partitions."""
    rest = partitions % group
    if rest and count > rest:
        return None
    groups = -(-partitions // group)
    numbers = np.array([g.rng.permutation(columns)[:count] for _ in range(groups)])
    held = g.rng.integers(0, 1 << 16, (first + partitions, -(-count // group) + g.integer(0, 2)))
    i = np.arange(count)
    for at, row in enumerate(numbers):
        held[first + at * group + i % group, i // group] = row
    index = View.whole(Storage("sbuf", "uint16", held.astype(np.uint16)))
    return numbers, index if first == 0 else index[first : first + partitions, :]


def spread(g, view, group, first, index=None, written=False):
    """The view's elements in a table, by an index: (the indirect view, the index and its numbers).
    `first` is the first partition of the index and, for what is read, of the table."""
    partitions, count = view.partitions, view.elements
    if first not in allowed_starts(partitions):
        return None
    columns = count + g.integer(0, 20)
    if index is not None:
        columns = int(index[0].max()) + 1
    else:
        index = index_for(g, partitions, count, columns, group, first)
        if index is None:
            return None
    numbers, tile = index
    first = 0 if written else first
    storage = g.storage(view.storage.memory, view.type, (first + partitions, columns), "any")
    rows = np.arange(partitions)
    at = (first + rows)[:, None] * columns + numbers[rows // group]
    storage.bits.reshape(-1)[at] = view.bits().reshape(partitions, count)
    table = View.whole(storage)
    made = table.made if first == 0 else table[first : first + partitions, :].made
    whole = tile.shape[1] * partitions == count
    made = (*made, ("indirect", (tile,) if whole else (tile, count)))
    return View(storage, at, view.type, made), index


def allowed(name, arguments):
    """Whether the documentation has this form of the instruction on indirect operands."""
    data = arguments[OPERANDS[name][1]]
    if name == "tensor_copy":
        return arguments.get("engine") != nisa.engine.gpsimd
    if name == "tensor_scalar":
        return data.type not in WORDS or arguments["dst"].type not in WORDS
    if name == "nc_matmul":
        return (
            not arguments.get("is_transpose")
            and "perf_mode" not in arguments
            and arguments.get("tile_position", (0, 0)) == (0, 0)
        )
    if name == "nc_matmul_mx":
        return all(
            arguments[f"{n}_scale"].partitions == arguments[n].partitions
            and arguments[f"{n}_scale"].first_partition == arguments[n].first_partition
            for n in ("stationary", "moving")
        )
    return True


def may_spread(name, operand, view, arguments):
    if name == "nc_matmul" and operand != "dst":
        return TYPES[view.type].bytes < 4
    if operand != "dst":
        # Reducing some of several dimensions needs them.
        return name != "tensor_reduce" or len(view.shape) == 2
    scalar = name in SCALAR_ENGINE or arguments.get("engine") == nisa.engine.scalar
    return not (scalar and view.storage.memory == "psum")


def indirect(g, name):
    """A case of the instruction's own oracle with some operands moved into tables."""
    case = ORACLES[name].draw(g)
    if case is None or any(call != name for call, _ in case.calls):
        return None
    arguments = case.calls[-1][1]
    if not allowed(name, arguments):
        return None
    group = 32 if name in TENSOR_ENGINE else 16
    first = arguments[OPERANDS[name][1]].first_partition
    moved = {}
    for operand in OPERANDS[name]:
        view = arguments[operand]
        if id(view) in moved or not g.chance(0.7) or not may_spread(name, operand, view, arguments):
            continue
        start = first if operand == "dst" else view.first_partition
        found = spread(g, view, group, start, written=operand == "dst")
        if found is None:
            continue
        moved[id(view)] = found[0]
        if name == "nc_matmul_mx" and operand != "dst":
            scale = arguments[f"{operand}_scale"]
            moved[id(scale)] = spread(g, scale, group, start, found[1])[0]
    if not moved:
        return None
    operands = OPERANDS[name] + tuple(f"{n}_scale" for n in OPERANDS[name])
    calls = [
        (call, {key: moved.get(id(v), v) if key in operands else v for key, v in given.items()})
        for call, given in case.calls
    ]

    def check(held):
        case.check(lambda view: np.reshape(held(moved.get(id(view), view)), view.shape))

    return Case(
        calls,
        [expected(e, moved) for e in case.expect],
        case.check and check,
        [moved.get(id(view), view) for view in case.checked],
    )


def expected(expect, moved):
    view = moved.get(id(expect.view))
    if view is None:
        return expect
    low, high = (np.reshape(bits, view.shape) for bits in (expect.low, expect.high))
    high = low if expect.low is expect.high else high
    return replace(expect, view=view, low=low, high=high)


@pytest.mark.parametrize("name", OPERANDS)
def test_instructions_on_indirect_operands(name):
    compared = [0]

    def draw(g):
        case = indirect(g, name)
        compared[0] += case is not None
        return case

    count = repetitions(80)
    for number in range(count):
        compare_case(f"{name} on indirect operands", draw, ("gen4",), number)
    assert compared[0] > count // 8, compared
