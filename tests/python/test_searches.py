"""Top-k as kernels write it, from max8, nc_match_replace8, nc_find_index8 and gathers."""

import nki
import nki.isa as nisa
import nki.language as nl
import numpy as np
import pytest


@nki.jit
def top_k(x, ids, k):
    """The k largest of each row, where they are, and what `ids` has there."""
    rows = x.shape[0]
    data = nl.load(x)
    values = nl.ndarray((rows, k), dtype=x.dtype, buffer=nl.sbuf)
    places = nl.ndarray((rows, k), dtype=nl.uint32, buffer=nl.sbuf)
    for i in range(0, k, 8):
        nisa.max8(dst=values[:, i : i + 8], src=data)
        nisa.nc_match_replace8(
            dst=data,
            data=data,
            vals=values[:, i : i + 8],
            imm=float("-inf"),
            dst_idx=places[:, i : i + 8],
        )
    results = [values, places, nl.gather_flattened(nl.load(ids), places)]
    outputs = []
    for tile in results:
        out = nl.ndarray(tile.shape, dtype=tile.dtype, buffer=nl.shared_hbm)
        nl.store(out, tile)
        outputs.append(out)
    return tuple(outputs)


@nki.jit
def top_8(x):
    data = nl.load(x)
    values = nl.ndarray((x.shape[0], 8), dtype=x.dtype, buffer=nl.sbuf)
    places = nl.ndarray((x.shape[0], 8), dtype=nl.uint32, buffer=nl.sbuf)
    nisa.max8(dst=values, src=data)
    nisa.nc_find_index8(dst=places, data=data, vals=values)
    out = nl.ndarray(places.shape, dtype=places.dtype, buffer=nl.shared_hbm)
    nl.store(out, places)
    return out


@pytest.mark.parametrize("kinds", [5, 10**6])
@pytest.mark.parametrize("columns", [64, 1000])
def test_top_k_finds_each_element_once(columns, kinds):
    rng = np.random.default_rng(columns + kinds)
    x = rng.integers(0, kinds, (128, columns)).astype(np.float32)
    ids = rng.integers(0, 2**31, (128, columns)).astype(np.int32)
    values, places, found = nki.simulate(top_k)(x, ids, 40)
    assert np.array_equal(values, -np.sort(-x, axis=1)[:, :40])
    assert np.array_equal(np.take_along_axis(x, places.astype(np.int64), axis=1), values)
    assert all(len(set(row)) == 40 for row in places)
    assert np.array_equal(found, np.take_along_axis(ids, places.astype(np.int64), axis=1))


def test_equal_values_are_found_in_order():
    x = np.random.default_rng(1).integers(0, 4, (8, 40)).astype(np.float32)
    assert np.array_equal(nki.simulate(top_8)(x), np.argsort(-x, axis=1, kind="stable")[:, :8])


def test_average_of_partitions():
    @nki.jit
    def mean_of_rows(x):
        tile = nl.load(x)
        out = nl.ndarray((1, x.shape[1]), dtype=nl.float32, buffer=nl.sbuf)
        nisa.tensor_partition_reduce(dst=out, op=nl.average, data=tile)
        result = nl.ndarray(out.shape, dtype=out.dtype, buffer=nl.shared_hbm)
        nl.store(result, out)
        return result

    x = np.arange(128 * 6, dtype=np.float32).reshape(128, 6)
    assert np.array_equal(nki.simulate(mean_of_rows)(x), x.mean(axis=0, keepdims=True))
