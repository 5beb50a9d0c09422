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
