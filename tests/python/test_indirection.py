"""Runtime indices of views, from Python: tensor indirection, and rows of a table in HBM."""

import nki
import nki.isa as nisa
import nki.language as nl
import numpy as np
import pytest

import kiln
from kiln import _run


def to_hbm(tile):
    out = nl.ndarray(tile.shape, dtype=tile.dtype, buffer=nl.shared_hbm)
    nisa.dma_copy(dst=out, src=tile)
    return out


def columns(partitions, offsets):
    """An index whose groups of 16 partitions all name these columns."""
    rows = np.array(offsets, np.uint16).reshape(-1, 16).T
    return np.tile(rows, (partitions // 16, 1))


def test_a_matmul_of_chosen_columns():
    @nki.jit(platform_target="trn3")
    def kernel(weights, index, x):
        chosen = nl.load(weights).indirect(nl.load(index), num_elem=48)
        gathered = nl.ndarray((128, 48), dtype=nl.float32, buffer=nl.sbuf)
        nisa.tensor_copy(dst=gathered, src=chosen)
        product = nl.ndarray((48, 100), dtype=nl.float32, buffer=nl.psum)
        nisa.nc_matmul(dst=product, stationary=gathered, moving=nl.load(x))
        result = nl.ndarray((48, 100), dtype=nl.float32, buffer=nl.sbuf)
        nisa.tensor_copy(dst=result, src=product)
        return to_hbm(result)

    rng = np.random.default_rng(1)
    weights = rng.integers(-4, 4, (128, 300)).astype(np.float32)
    x = rng.integers(-4, 4, (128, 100)).astype(np.float32)
    offsets = rng.integers(0, 300, 48)
    result = kernel(weights, columns(128, offsets), x)
    np.testing.assert_array_equal(result, weights[:, offsets].T @ x)


@nki.jit(platform_target="trn3")
def many_copies(table, indices):
    tile, index = nl.load(table), nl.load(indices)
    for i in range(40):
        part = index[:, i % 4 : i % 4 + 1]
        scratch = nl.ndarray((128, 16), dtype=nl.float32, buffer=nl.sbuf)
        nisa.tensor_copy(dst=scratch, src=tile.indirect(part, num_elem=16))
        nisa.tensor_scalar(
            dst=tile.indirect(part, 16), data=scratch, op0=nl.multiply, operand0=1.0 + i
        )
        other = nl.ndarray((128, 64), dtype=nl.float32, buffer=nl.sbuf)
        nisa.tensor_scalar(dst=other, data=tile, op0=nl.add, operand0=1.0)
        nisa.tensor_tensor(dst=tile, data1=tile, data2=other, op=nl.subtract)
    return to_hbm(tile)


def test_threads_do_not_change_what_is_gathered(monkeypatch):
    table = np.random.default_rng(2).standard_normal((128, 64)).astype(np.float32)
    permutation = np.random.default_rng(3).permutation(64)
    index = np.concatenate([columns(128, p) for p in permutation.reshape(4, 16)], 1)
    results = []
    for threads in (1, 2, 4):
        monkeypatch.setattr(_run, "threads", threads)
        results.append(many_copies(table, index).tobytes())
        assert kiln.provenance()["threads"] == threads
    assert len(set(results)) == 1


@nki.jit(platform_target="trn3")
def copies_beside_others(table, indices):
    tile, index = nl.load(table), nl.load(indices)
    gathered = nl.ndarray((128, 40 * 16), dtype=nl.float32, buffer=nl.sbuf)
    for i in range(40):
        part = gathered[:, 16 * i : 16 * (i + 1)]
        nisa.tensor_copy(dst=part, src=tile.indirect(index[:, i % 4 : i % 4 + 1], 16))
        for _ in range(4):
            other = nl.ndarray((128, 2), dtype=nl.float32, buffer=nl.sbuf)
            nisa.tensor_copy(dst=other, src=tile[:, 0:2])
    return to_hbm(gathered)


def test_gathering_instructions_execute_beside_others(monkeypatch):
    monkeypatch.setattr(_run, "threads", 4)
    table = np.random.default_rng(2).standard_normal((128, 64)).astype(np.float32)
    permutation = np.random.default_rng(3).permutation(64)
    index = np.concatenate([columns(128, p) for p in permutation.reshape(4, 16)], 1)
    for _ in range(20):
        result = copies_beside_others(table, index)
        np.testing.assert_array_equal(result, np.tile(table[:, permutation], 10))


def test_of_several_faults_the_first_is_told(monkeypatch):
    @nki.jit
    def kernel(table, which):
        row = late = nl.load(which)
        for _ in range(30):
            before, late = late, nl.ndarray((1, 1), which.dtype)
            for _ in range(4):  # for threads that have met a fault
                nisa.tensor_copy(dst=nl.ndarray((1, 1), which.dtype), src=before)
            nisa.tensor_copy(dst=late, src=before)
        rows = [nl.ndarray((1, 8), table.dtype) for _ in range(8)]
        nisa.dma_copy(dst=rows[0], src=table.ap([[8, 1], [1, 8]], scalar_offset=late))
        for tile in rows[1:]:
            nisa.dma_copy(dst=tile, src=table.ap([[8, 1], [1, 8]], scalar_offset=row))
        return table

    monkeypatch.setattr(_run, "threads", 4)
    line = kernel.fn.__code__.co_firstlineno + 9
    for _ in range(20):
        with pytest.raises(RuntimeError, match=f"{__file__}:{line}: dma_copy: a runtime index"):
            kernel(np.zeros((4, 8), np.float32), np.array([[4]], np.int32))


def test_an_indirect_view_is_looked_at_only_by_instructions():
    @nki.jit(platform_target="trn3")
    def kernel(a, index):
        view = nl.load(a).indirect(nl.load(index), 8)
        assert view.is_indirect()
        assert view.shape == (128, 8)
        assert view.reshape((128, 2, 4)).is_indirect()
        return view

    with pytest.raises(nisa.NkiValidationError, match="only instructions can follow"):
        kernel(np.zeros((128, 64), np.float32), np.zeros((128, 1), np.uint16))


@pytest.mark.parametrize("step", [0, 1, 33, 64, 5000])
def test_the_leading_step_of_a_pattern_with_a_vector_of_rows_does_not_count(step):
    @nki.jit
    def kernel(table, rows):
        tile = nl.ndarray((20, 30), dtype=nl.float32, buffer=nl.sbuf)
        pattern = [[step, 20], [1, 30]]
        picked = table.ap(pattern, 2, vector_offset=nl.load(rows), indirect_dim=0)
        nisa.dma_copy(dst=tile, src=picked)
        return to_hbm(tile)

    table = np.arange(50 * 33, dtype=np.float32).reshape(50, 33)
    rows = np.random.default_rng(4).permutation(50)[:20].astype(np.int32)[:, None]
    np.testing.assert_array_equal(kernel(table, rows), table[rows[:, 0], 2:32])


def test_tensors_are_not_written_by_assignment():
    @nki.jit
    def kernel(a):
        tile = nl.load(a)
        tile[0:1, :] = 0.0
        return a

    with pytest.raises(TypeError, match=r"nisa\.tensor_copy, nisa\.dma_copy or nl\.store"):
        kernel(np.zeros((4, 4), np.float32))
