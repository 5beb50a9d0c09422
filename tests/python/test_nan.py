"""NaN, which shows memory that was never written, goes through maxima and minima as in NumPy."""

import nki
import nki.collectives as ncc
import nki.isa as nisa
import nki.language as nl
import numpy as np
import pytest

import kiln

A = np.random.default_rng(5).standard_normal((128, 333)).astype(np.float32)
A[::3, 100] = np.nan
A[1, 0] = A[4, 332] = np.nan
B = A[::-1].copy()


def to_hbm(tile):
    out = nl.ndarray(tile.shape, dtype=tile.dtype, buffer=nl.shared_hbm)
    nisa.dma_copy(dst=out, src=tile)
    return out


@pytest.mark.parametrize("name", ["maximum", "minimum"])
def test_extremes_of_elements(name):
    op, extreme = getattr(nl, name), getattr(np, name)

    @nki.jit
    def kernel(a, b):
        x, y = nl.load(a), nl.load(b)
        tensors, constant, scan = (
            nl.ndarray(x.shape, dtype=nl.float32, buffer=nl.sbuf) for _ in range(3)
        )
        nisa.tensor_tensor(dst=tensors, data1=x, data2=y, op=op)
        nisa.tensor_scalar(dst=constant, data=x, op0=op, operand0=0.5)
        nisa.tensor_tensor_scan(dst=scan, data0=x, data1=y, initial=0.0, op0=op, op1=op)
        return to_hbm(tensors), to_hbm(constant), to_hbm(scan)

    tensors, constant, scan = kernel(A, B)
    np.testing.assert_array_equal(tensors, extreme(A, B))
    np.testing.assert_array_equal(constant, extreme(A, np.float32(0.5)))
    both = extreme(extreme.accumulate(A, 1), extreme.accumulate(B, 1))
    np.testing.assert_array_equal(scan, extreme(both, np.float32(0)))


@pytest.mark.parametrize("name", ["maximum", "minimum"])
def test_extremes_of_rows(name):
    op, extreme = getattr(nl, name), getattr(np, name)

    @nki.jit(platform_target="trn3")
    def kernel(a):
        x = nl.load(a)
        row, sums = (nl.ndarray((128, 1), dtype=nl.float32, buffer=nl.sbuf) for _ in range(2))
        nisa.tensor_reduce(dst=row, op=op, data=x, axis=1)
        nisa.activation_reduce(dst=x, op=nl.copy, data=x, reduce_op=op, reduce_res=sums)
        return to_hbm(row), to_hbm(sums)

    for result in kernel(A):
        np.testing.assert_array_equal(result, extreme.reduce(A, axis=1, keepdims=True))


def test_a_partition_of_many():
    @nki.jit
    def kernel(a):
        row = nl.ndarray((1, 333), dtype=nl.float32, buffer=nl.sbuf)
        nisa.tensor_partition_reduce(dst=row, op=nl.maximum, data=nl.load(a))
        return to_hbm(row)

    np.testing.assert_array_equal(kernel(A), A.max(axis=0, keepdims=True))


@pytest.mark.parametrize("name", ["maximum", "minimum"])
def test_one_rank_of_two(name):
    op, extreme = getattr(nl, name), getattr(np, name)

    @nki.jit
    def kernel(a):
        out = nl.ndarray(a.shape, dtype=a.dtype, buffer=nl.shared_hbm)
        ncc.all_reduce(srcs=[a], dsts=[out], replica_group=ncc.ReplicaGroup([[0, 1]]), op=op)
        return out

    results = kiln.run_ranks(kernel, [{"a": A}, {"a": B}])
    for rank in range(2):
        np.testing.assert_array_equal(results[rank], extreme(A, B))
