"""Registers: arithmetic, `while register:`, and what they may not be used for."""

import nki
import nki.isa as nisa
import nki.language as nl
import numpy as np
import pytest

import kiln


def run(body, *, size=8):
    """What `body(register)` stores: it returns registers, which are written one after the other."""

    @nki.jit
    def kernel(a):
        out = nl.zeros((1, size), dtype=nl.int32, buffer=nl.shared_hbm)
        x = nl.ndarray((1, 1), dtype=nl.int32, buffer=nl.sbuf)
        nisa.dma_copy(dst=x, src=a)
        for i, register in enumerate(body(nisa.register_alloc(x))):
            nisa.register_store(out[:, i : i + 1], register)
        return out

    return lambda value: kernel(np.array([[value]], np.int32))[0].tolist()


def test_arithmetic_is_recorded():
    found = run(
        lambda r: [r + 1, 10 - r, r * r, r // 3, r % 3, r << 2, r < 7, (r & 6) | 1], size=8
    )(7)
    assert found == [8, 3, 49, 2, 1, 28, 0, 7]


@pytest.mark.parametrize("trips", [0, 1, 5])
def test_while_register_is_one_loop_of_the_program(trips):
    @nki.jit
    def kernel(n):
        count = nl.ndarray((1, 1), dtype=nl.int32, buffer=nl.sbuf)
        total = nl.zeros((1, 1), dtype=nl.int32, buffer=nl.sbuf)
        nisa.dma_copy(dst=count, src=n)
        left = nisa.register_alloc(None)
        nisa.register_load(left, count)
        while left:
            nisa.tensor_scalar(total, total, nl.add, 3.0)
            nisa.tensor_scalar(count, count, nl.subtract, 1.0)
            nisa.register_load(left, count)
        out = nl.ndarray((1, 1), dtype=nl.int32, buffer=nl.shared_hbm)
        nisa.dma_copy(dst=out, src=total)
        return out

    assert kernel(np.array([[trips]], np.int32))[0, 0] == 3 * trips
    text = kiln.provenance()["program"].text(False)
    assert text.count("while_loop") == 1
    assert text.count("op0=add") == 1


def test_loops_nest():
    @nki.jit
    def kernel(n):
        total = nl.zeros((1, 1), dtype=nl.int32, buffer=nl.sbuf)
        count = nl.ndarray((1, 1), dtype=nl.int32, buffer=nl.sbuf)
        nisa.dma_copy(dst=count, src=n)
        outer = nisa.register_alloc(3)
        while outer:
            inner = nisa.register_alloc(count)
            while inner:
                nisa.tensor_scalar(total, total, nl.add, 1.0)
                nisa.register_move(inner, inner - 1)
            for _ in nl.dynamic_range(outer):
                nisa.tensor_scalar(total, total, nl.add, 10.0)
            nisa.register_move(outer, outer - 1)
        out = nl.ndarray((1, 1), dtype=nl.int32, buffer=nl.shared_hbm)
        nisa.dma_copy(dst=out, src=total)
        return out

    assert kernel(np.array([[4]], np.int32))[0, 0] == 3 * 4 + 10 * (3 + 2 + 1)


def test_the_same_while_twice():
    @nki.jit
    def kernel(a):
        total = nl.zeros((1, 1), dtype=nl.int32, buffer=nl.sbuf)
        for trips in (2, 5):
            left = nisa.register_alloc(trips)
            while left:
                nisa.tensor_scalar(total, total, nl.add, 1.0)
                nisa.register_move(left, left - 1)
        out = nl.ndarray((1, 1), dtype=nl.int32, buffer=nl.shared_hbm)
        nisa.dma_copy(dst=out, src=total)
        return out

    assert kernel(np.zeros((1, 1), np.int32))[0, 0] == 7


def test_if_register_is_an_error():
    with pytest.raises(TypeError, match="not known while a kernel is recorded"):
        run(lambda r: [r] if r else [])(1)


def test_break_leaves_a_loop_open():
    @nki.jit
    def kernel(a):
        left = nisa.register_alloc(2)
        while left:
            break
        return a

    with pytest.raises(nisa.NkiValidationError, match=r"1 loop\(s\) have no end"):
        kernel(np.zeros((1, 1), np.int32))


def test_an_operator_that_registers_do_not_have():
    with pytest.raises(nisa.NkiValidationError, match="registers take integer operators"):
        run(lambda r: [kiln._core.register.register_alu(r, 2, nl.power)])(1)
