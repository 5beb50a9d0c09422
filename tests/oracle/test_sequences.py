"""Sequences of instructions on a few shared storages: what each reads is what those before wrote.

Single instructions are compared elsewhere; here their order, the overlaps of their views, and
loops are.
"""

import nki.isa as nisa
import nki.language as nl
import numpy as np
import operators
from case import Case, Expect
from compare import compare_case, repetitions
from mirror import View
from oracles_vector import op
from storage_types import TYPES

_ROWS, _COLUMNS = 128, 48
_OPERATORS = ("add", "subtract", "multiply", "less", "equal", "logical_and")


class Pool:
    """Storages that hold what the sequence has written so far."""

    def __init__(self, g):
        self.g = g
        kinds = [("sbuf", "float32"), ("sbuf", "float32"), ("sbuf", "bfloat16"), ("sbuf", "int32")]
        kinds += [("psum", "float32"), ("hbm", "float32"), ("hbm", "bfloat16")]
        self.storages = [g.storage(m, t, (_ROWS, _COLUMNS), (-3, 3)) for m, t in kinds]
        self.before = [s.bits.copy() for s in self.storages]

    def block(self):
        """(partitions, columns) of an operation."""
        return self.g.pick((1, 16, 32, 64, 128)), self.g.integer(1, _COLUMNS // 2)

    def view(self, shape, storage):
        """A block of a storage, at a start that every engine can access, with a step."""
        g, (partitions, columns) = self.g, shape
        starts = (0,) if partitions > 64 else (0, 64) if partitions > 32 else (0, 32, 64, 96)
        row = g.pick(starts)
        step = g.pick((1, 1, 2)) if 2 * columns <= _COLUMNS else 1
        column = g.integer(0, _COLUMNS - (columns - 1) * step - 1)
        rows = slice(row, row + partitions)
        return View.whole(storage)[rows, column : column + (columns - 1) * step + 1 : step]

    def on_chip(self, shape, without=()):
        """A view on-chip, of none of these views' storages."""
        taken = {id(view.storage) for view in without}
        return self.view(shape, self.g.pick([s for s in self.storages[:5] if id(s) not in taken]))

    def write(self, view, values):
        view.flat()[view.index] = TYPES[view.type].from_float32(values)

    def case(self, calls):
        """The calls, and the storages as they are now against what they were before."""
        expect = []
        for storage, before in zip(self.storages, self.before, strict=True):
            after = storage.bits.copy()
            storage.bits[...] = before
            expect.append(Expect(View.whole(storage), after, after))
        return Case(calls, expect)


# Steps: each does one instruction on the mirror and returns the call.


def fill(pool):
    dst = pool.on_chip(pool.block())
    value = pool.g.integer(-3, 3)
    if not TYPES[dst.type].is_integer:
        value = float(value)
    pool.write(dst, np.full(dst.shape, value, np.float32))
    return "memset", {"dst": dst, "value": value}


def move(pool):
    """Between any memories but PSUM, bit for bit or by way of float32."""
    shape = pool.block()
    storages = [s for s in pool.storages if s.memory != "psum"]
    src = pool.view(shape, pool.g.pick(storages))
    dst = pool.view(shape, pool.g.pick([s for s in storages if s is not src.storage]))
    pool.write(dst, src.values())
    return "dma_copy", {"dst": dst, "src": src}


def copy(pool):
    shape = pool.block()
    src = pool.on_chip(shape)
    dst = pool.on_chip(shape, [src])
    if dst.type == src.type:
        dst.flat()[dst.index] = src.bits()
    else:
        pool.write(dst, src.values())
    return "tensor_copy", {"dst": dst, "src": src}


def scale(pool):
    """In place or not."""
    shape = pool.block()
    data = pool.on_chip(shape)
    dst = data if pool.g.chance(0.4) else pool.on_chip(shape, [data])
    name, number = pool.g.pick(_OPERATORS), pool.g.pick((0.5, -1.0, 2.0))
    pool.write(dst, operators.apply(name, data.values(), np.float32(number)))
    return "tensor_scalar", {"dst": dst, "data": data, "op0": op(name), "operand0": number}


def combine(pool):
    shape = pool.block()
    data1 = pool.on_chip(shape)
    data2 = pool.on_chip(shape, [data1])
    dst = data1 if pool.g.chance(0.3) else pool.on_chip(shape, [data1, data2])
    name = pool.g.pick(_OPERATORS)
    pool.write(dst, operators.apply(name, data1.values(), data2.values()))
    return "tensor_tensor", {"dst": dst, "data1": data1, "data2": data2, "op": op(name)}


def total(pool):
    partitions, columns = pool.block()
    data = pool.on_chip((partitions, columns))
    dst = pool.on_chip((partitions, 1), [data])
    pool.write(dst, operators.reduce_rows("add", data.values()))
    return "tensor_reduce", {"dst": dst, "op": nl.add, "data": data, "axis": 1}


STEPS = (fill, move, copy, scale, combine, total)


def repeat(times, body):
    """The calls of the body in a loop of the device."""

    def once(_):
        for name, arguments in body:
            getattr(nisa, name)(**arguments)

    nl.fori_loop(0, times, once)


def sequence(g):
    with np.errstate(all="ignore"):
        pool = Pool(g)
        calls = []
        for _ in range(g.integer(5, 30)):
            if g.chance(0.1):
                calls.append(looped(g, pool))
            else:
                calls.append(g.pick(STEPS)(pool))
        return pool.case(calls)


def looped(g, pool):
    """A step in a loop; drawing it again from the same state repeats it on the mirror."""
    times, state = g.integer(1, 4), g.rng.bit_generator.state
    for _ in range(times):
        g.rng.bit_generator.state = state
        call = g.pick((scale, combine))(pool)
    return repeat, {"times": times, "body": [call]}


def test_sequences():
    for number in range(repetitions(400)):
        compare_case("sequences", sequence, ("gen2", "gen3", "gen4"), number)
