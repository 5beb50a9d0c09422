"""Oracles of registers: constants, values of tensors, loops that they bound."""

import nki.isa as nisa
import nki.language as nl
import numpy as np
from case import Case, oracle, same_bits, same_integers
from storage_types import TYPES


def _cell(g, type, memory, number):
    """A tensor of one element that holds the number."""
    kind = TYPES[type]
    bits = np.full((1, 1), number & ((1 << (8 * kind.bytes)) - 1)).astype(kind.bits)
    return g.filled(type, bits, memory)


def _number(g):
    return g.pick((0, 1, -1, 7, g.integer(-(2**31), 2**31 - 1)))


@oracle("register_move", count=60)
def register_move(g):
    """A constant, or by way of another register."""
    number, steps = _number(g), g.integer(0, 2)
    dst = _cell(g, "int32", g.pick(("sbuf", "hbm")), 0)

    def move(dst):
        register = nisa.register_alloc(5)
        nisa.register_move(register, number)
        for _ in range(steps):
            other = nisa.register_alloc()
            nisa.register_move(dst=other, src=register)
            register = other
        nisa.register_store(dst, register)

    return Case([(move, {"dst": dst})], [same_integers(dst, [[number]])])


@oracle("register_load", count=60)
def register_load(g):
    """32-bit values keep their bits."""
    type = g.pick(("int32", "uint32"))
    src = _cell(g, type, g.pick(("sbuf", "hbm")), _number(g))
    dst = _cell(g, type, g.pick(("sbuf", "hbm")), 0)

    def load(dst, src):
        register = nisa.register_alloc()
        nisa.register_load(register, src)
        nisa.register_store(dst, register)

    return Case([(load, {"dst": dst, "src": src})], [same_bits(dst, src.bits())])


@oracle("register_store", count=60)
def register_store(g):
    """A loop's bounds come from registers; what it counts is stored."""
    start, stop, step = g.integer(0, 5), g.integer(0, 20), g.integer(1, 4)
    bounds = [_cell(g, "int32", "sbuf", n) for n in (start, stop)]
    last = _cell(g, "int32", "sbuf", -1)
    total = g.filled("float32", np.zeros((1, 1), np.uint32))

    def loop(start, stop, last, total):
        registers = [nisa.register_alloc(), nisa.register_alloc()]
        nisa.register_load(registers[0], start)
        nisa.register_load(registers[1], stop)

        def body(i):
            nisa.register_store(last, i)
            nisa.tensor_scalar(dst=total, data=total, op0=nl.add, operand0=1.0)

        nl.fori_loop(registers[0], registers[1], body, step=step)

    turns = range(start, stop, step)
    counted = np.float32(len(turns)).view(np.uint32)
    arguments = {"start": bounds[0], "stop": bounds[1], "last": last, "total": total}
    expect = [same_integers(last, [[turns[-1] if turns else -1]]), same_bits(total, counted)]
    return Case([(loop, arguments)], expect)
