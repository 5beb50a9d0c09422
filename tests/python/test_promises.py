"""Promises on numbers: sums in order, the same bits from every thread count and CPU level."""

import os
import subprocess
import sys

import nki
import nki.isa as nisa
import nki.language as nl
import numpy as np
import pytest

SEQUENTIAL_SIZES = (1, 2, 7, 64, 513, 2048)


def values(cols, seed):
    """Numbers of very different sizes, so that the order of a sum shows."""
    print(f"seed {seed}")
    rng = np.random.default_rng(seed)
    scale = 10.0 ** rng.integers(-6, 6, (128, cols))
    return (rng.standard_normal((128, cols)) * scale).astype(np.float32)


def sequential_sum(x):
    return np.add.accumulate(x, axis=1, dtype=np.float32)[:, -1:]


@nki.jit
def sums(a):
    x = nl.load(a)
    reduced = nl.ndarray((a.shape[0], 1), dtype=nl.float32, buffer=nl.sbuf)
    nisa.tensor_reduce(dst=reduced, op=nl.add, data=x, axis=1)
    activated = nl.ndarray((a.shape[0], 1), dtype=nl.float32, buffer=nl.sbuf)
    nisa.activation_reduce(dst=x, op=nl.copy, data=x, reduce_op=nl.add, reduce_res=activated)
    out = nl.ndarray((a.shape[0], 2), dtype=nl.float32, buffer=nl.shared_hbm)
    nl.store(out[:, 0:1], value=reduced)
    nl.store(out[:, 1:2], value=activated)
    return out


@pytest.mark.parametrize("cols", SEQUENTIAL_SIZES)
def test_free_axis_sums_are_sequential_bit_for_bit(cols):
    a = values(cols, seed=cols)
    expected = sequential_sum(a)
    if cols == 2048:
        # The order matters for these numbers: NumPy's pairwise sum differs.
        assert (a.sum(1, keepdims=True) != expected).any()
    result = sums(a)
    np.testing.assert_array_equal(result[:, 0:1].view(np.uint32), expected.view(np.uint32))
    np.testing.assert_array_equal(result[:, 1:2].view(np.uint32), expected.view(np.uint32))


def test_matmul_accumulates_in_the_order_of_the_contraction():
    @nki.jit
    def matmul(a, b):
        x, y = nl.load(a), nl.load(b)
        total = nl.ndarray((a.shape[1], b.shape[1]), dtype=nl.float32, buffer=nl.psum)
        nisa.nc_matmul(dst=total, stationary=x, moving=y)
        return nl.copy(total)

    # Products of 12-bit integers are exact in float32, so only the order of the sums rounds.
    rng = np.random.default_rng(4)
    a = rng.integers(-4095, 4096, (128, 33)).astype(np.float32)
    b = rng.integers(-4095, 4096, (128, 70)).astype(np.float32)
    b *= np.float32(2.0) ** rng.integers(-8, 9, b.shape).astype(np.float32)
    expected = np.zeros((33, 70), np.float32)
    for k in range(128):
        expected += np.outer(a[k], b[k])
    np.testing.assert_array_equal(matmul(a, b), expected)


PROGRAM = """\
import hashlib
import kiln; kiln.install()
import numpy as np
import sys
sys.path.insert(0, {demo!r})
from attention_kernels import flash_attention
import ml_dtypes
rng = np.random.default_rng(2)
make = lambda *s: rng.standard_normal(s).astype(ml_dtypes.bfloat16)
out = flash_attention(make(2, 128, 512), make(1, 128, 512), make(1, 512, 128))
print(kiln.provenance()["backend"], hashlib.sha256(out.tobytes()).hexdigest())
"""


def test_every_cpu_level_and_thread_count_gives_the_same_bits():
    here = os.path.dirname(__file__)
    program = PROGRAM.format(demo=os.path.join(here, "..", "..", "examples", "demo"))
    hashes = {}
    for level in ("scalar", "avx2", "avx512"):
        for threads in ("1", "2"):
            done = subprocess.run(
                [sys.executable, "-c", program],
                env={**os.environ, "KILN_CPU": level, "KILN_THREADS": threads},
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode != 0 and "not available" in done.stderr:
                continue
            assert done.returncode == 0, done.stderr
            backend, _, digest = done.stdout.strip().rpartition(" ")
            assert backend == f"cpu {level}"
            hashes[level, threads] = digest
    assert ("scalar", "1") in hashes
    assert len(set(hashes.values())) == 1, hashes


def test_accumulation_adds_the_finished_product_to_psum():
    @nki.jit
    def kernel(a, b):
        x, y = nl.load(a), nl.load(b)
        total = nl.ndarray((1, 1), dtype=nl.float32, buffer=nl.psum)
        nisa.nc_matmul(dst=total, stationary=x, moving=y)
        nisa.nc_matmul(dst=total, stationary=x, moving=y)
        return nl.copy(total)

    rng = np.random.default_rng(0)
    for _ in range(50):
        a, b = rng.standard_normal((2, 8, 1)).astype(np.float32)
        product = np.float32(0)
        for x, y in zip(a[:, 0], b[:, 0], strict=True):
            product = np.float32(np.float64(product) + np.float64(x) * np.float64(y))
        assert kernel(a, b)[0, 0] == product + product
