"""Random numbers, from Python: seeds, states, threads."""

import nki
import nki.isa as nisa
import nki.language as nl
import numpy as np
import pytest


@nki.jit
def random_tiles(seed, tiles):
    out = nl.ndarray((tiles, 128, 256), dtype=nl.float32, buffer=nl.shared_hbm)
    nl.random_seed(nl.load(seed))
    for i in range(tiles):
        x = nl.rand((128, 256), dtype=nl.float32)
        nisa.dma_copy(dst=out[i], src=nl.dropout(x, 0.1))
    return out


def test_a_seed_decides_the_numbers_on_any_number_of_threads():
    seed = np.array([[42]], np.int32)
    first = random_tiles(seed, 12)
    np.testing.assert_array_equal(random_tiles(seed, 12), first)
    assert not np.array_equal(random_tiles(seed + 1, 12), first)
    assert len(np.unique(first)) > 0.8 * first.size
    assert abs((first == 0).mean() - 0.1) < 0.01
    kept = first[first != 0]
    assert kept.min() > 0 and kept.max() < 1 and abs(kept.mean() - 0.5) < 0.01


def xorwow(words, count):
    """Marsaglia's generator, on one state of six words."""
    x, y, z, w, v, d = (int(word) for word in words)
    for _ in range(count):
        t = x ^ (x >> 2)
        x, y, z, w = y, z, w, v
        v = (v ^ (v << 4) ^ t ^ (t << 1)) & 0xFFFFFFFF
        d = (d + 362437) & 0xFFFFFFFF
        yield (d + v) & 0xFFFFFFFF


@nki.jit
def gpsimd_numbers(words, count):
    state = nl.load(words)
    nisa.rand_set_state(src_seeds=state)
    numbers = nl.ndarray((words.shape[0], count), dtype=nl.uint32, buffer=nl.sbuf)
    nisa.rng(dst=numbers, engine=nisa.engine.gpsimd)
    nisa.rand_get_state(state, engine=nisa.engine.gpsimd)
    out = nl.ndarray(numbers.shape, dtype=nl.uint32, buffer=nl.shared_hbm)
    nl.store(out, numbers)
    after = nl.ndarray(words.shape, dtype=nl.uint32, buffer=nl.shared_hbm)
    nl.store(after, state)
    return out, after


def test_a_state_decides_the_numbers():
    words = np.random.default_rng(5).integers(0, 2**32, (64, 6), dtype=np.uint32)
    numbers, after = gpsimd_numbers(words, 33)
    expected = [list(xorwow(row, 33)) for row in words]
    np.testing.assert_array_equal(numbers, np.array(expected, np.uint32))
    again, _ = gpsimd_numbers(after, 5)
    expected = [list(xorwow(row, 38))[33:] for row in words]
    np.testing.assert_array_equal(again, np.array(expected, np.uint32))


def test_rand_makes_tensors_of_any_kind():
    @nki.jit
    def kernel():
        in_hbm = nl.rand((3, 70, 11), dtype=nl.bfloat16, buffer=nl.shared_hbm, name="numbers")
        in_psum = nl.rand((16, 32), dtype=nl.float32, buffer=nl.psum)
        out = nl.ndarray((16, 32), dtype=nl.float32, buffer=nl.shared_hbm)
        nl.store(out, in_psum)
        return in_hbm, out

    for array in kernel():
        values = np.asarray(array, np.float32)
        assert values.min() >= 0 and values.max() <= 1 and abs(values.mean() - 0.5) < 0.05


def test_generations_without_random_states_say_so(monkeypatch):
    @nki.jit
    def kernel():
        state = nl.ndarray((128, 24), dtype=nl.uint32, buffer=nl.sbuf)
        nisa.rand_get_state(dst=state, engine=nisa.engine.vector)
        return state

    with pytest.raises(Exception, match="NeuronCore-v3 has no access to its random states"):
        kernel()
