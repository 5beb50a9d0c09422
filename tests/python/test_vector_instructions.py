"""Vector and Scalar engine instructions and dma_compute, compared with NumPy in float64."""

import math

import nki
import nki.isa as nisa
import nki.language as nl
import numpy as np
import pytest

reset, reduce, load = (
    nisa.reduce_cmd.reset_reduce,
    nisa.reduce_cmd.reduce,
    nisa.reduce_cmd.load_reduce,
)


@pytest.fixture
def trn3(monkeypatch):
    monkeypatch.setenv("NEURON_PLATFORM_TARGET_OVERRIDE", "trn3")


def numbers(*shape, seed=1):
    return np.random.default_rng(seed).uniform(-2, 2, shape).astype(np.float32)


def sbuf(*shape, dtype=nl.float32):
    return nl.ndarray(shape, dtype=dtype, buffer=nl.sbuf)


def to_hbm(tile):
    out = nl.ndarray(tile.shape, dtype=tile.dtype, buffer=nl.shared_hbm)
    nl.store(out, tile)
    return out


@nki.jit
def softmax_in_halves(a):
    x = nl.load(a)
    largest, total, half = sbuf(x.shape[0], 1), sbuf(x.shape[0], 1), x.shape[1] // 2
    halves = ((x[:, :half], None, reset), (x[:, half:], 1, reduce))
    for part, last, cmd in halves:
        nisa.tensor_scalar_reduce(
            part,
            data=part,
            op0=nl.multiply,
            operand0=0.5,
            reduce_op=nl.maximum,
            reduce_res=last and largest,
            reduce_cmd=cmd,
        )
    for part, last, cmd in halves:
        nisa.exponential(part, part, largest, reduce_res=last and total, reduce_cmd=cmd)
    nisa.reciprocal(dst=total, data=total)
    nisa.tensor_scalar(dst=x, data=x, op0=nl.multiply, operand0=total)
    return to_hbm(x)


def test_accumulators_join_the_halves_of_a_softmax(trn3):
    a = numbers(128, 512)
    e = np.exp(0.5 * a.astype(np.float64))
    np.testing.assert_allclose(softmax_in_halves(a), e / e.sum(axis=1, keepdims=True), rtol=2e-6)


@pytest.mark.parametrize(
    ("op", "accumulate"),
    [(nl.add, np.add), (nl.multiply, np.multiply), (nl.maximum, np.maximum)],
    ids=["add", "multiply", "maximum"],
)
def test_tensor_scalar_cumulative_is_a_scan(op, accumulate):
    @nki.jit
    def kernel(a, start):
        x = nl.load(a)
        y = sbuf(*x.shape)
        nisa.tensor_scalar_cumulative(
            dst=y, src=x, op0=nl.add, op1=op, imm0=1.25, imm1=nl.load(start), reduce_cmd=load
        )
        return to_hbm(y)

    a, start = numbers(32, 40), numbers(32, 1, seed=2)
    rows = np.hstack([start, a + np.float32(1.25)]).astype(np.float64)
    expected = accumulate.accumulate(rows, axis=1)[:, 1:]
    np.testing.assert_allclose(kernel(a, start), expected, rtol=1e-5, atol=1e-5)


def test_select_reduce_is_where_and_max():
    @nki.jit
    def kernel(p, a, b):
        y, largest = sbuf(*a.shape), sbuf(a.shape[0], 1)
        nisa.select_reduce(
            y,
            predicate=nl.load(p),
            on_true=nl.load(a),
            on_false=nl.load(b),
            reduce_res=largest,
            reduce_cmd=reset,
        )
        return to_hbm(y), to_hbm(largest)

    p = (np.random.default_rng(3).uniform(size=(128, 96)) < 0.3).astype(np.uint8)
    a, b = numbers(128, 96), numbers(128, 1, seed=4)
    selected, largest = kernel(p, a, b)
    np.testing.assert_array_equal(selected, np.where(p, a, b))
    np.testing.assert_array_equal(largest, np.where(p, a, b).max(axis=1, keepdims=True))


def test_activate2_scales_shifts_and_activates(trn3):
    @nki.jit
    def kernel(a):
        x, y, largest = nl.load(a), sbuf(*a.shape), sbuf(a.shape[0], 1)
        nisa.activate2(
            dst=y,
            op=nl.gelu,
            data=x,
            imm0=2.0,
            imm1=0.5,
            op0=nl.multiply,
            op1=nl.subtract,
            reverse1=True,
            reduce_op=nl.maximum,
            reduce_res=largest,
            reduce_cmd=reset,
        )
        return to_hbm(y), to_hbm(largest)

    a = numbers(64, 100)
    shifted = 0.5 - 2 * a.astype(np.float64)
    expected = shifted * 0.5 * (1 + np.vectorize(math.erf)(shifted / math.sqrt(2)))
    result, largest = kernel(a)
    np.testing.assert_allclose(result, expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(largest, result.max(axis=1, keepdims=True))


def test_dma_compute_adds_tensors_and_rows():
    @nki.jit
    def kernel(table, rows, a):
        index, x = nl.load(rows), nl.load(a)
        n, width = a.shape
        picked = table.ap([[width, n], [1, width]], vector_offset=index, indirect_dim=0)
        nisa.dma_compute(picked, [picked, x], reduce_op=nl.add)
        nisa.dma_compute(x, (x, picked), reduce_op=nl.add, scales=(1.0, 1))
        out = nl.ndarray(a.shape, dtype=nl.float32, buffer=nl.shared_hbm)
        nisa.dma_compute(out, [a, x, a], nl.add, oob_mode=nisa.oob_mode.error)
        return table, out

    table, a = numbers(50, 33), numbers(20, 33, seed=5)
    rows = np.random.default_rng(6).permutation(50)[:20].astype(np.int32)[:, None]
    added = table.copy()
    added[rows[:, 0]] += a
    expected = a + (a + added[rows[:, 0]]) + a
    new_table, out = kernel(table, rows, a)
    np.testing.assert_array_equal(new_table, added)
    np.testing.assert_array_equal(out, expected)
