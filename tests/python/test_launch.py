"""Launch grids: cores that exchange data, wait for each other, share HBM; and what stops them."""

import pathlib

import nki
import nki.isa as nisa
import nki.language as nl
import numpy as np
import pytest

RNG = np.random.default_rng(3)
A = RNG.standard_normal((128, 64)).astype(np.float32)
B = RNG.standard_normal((128, 64)).astype(np.float32)


@nki.jit
def exchange(a, b):
    """Each core loads one input, gets the other's from its neighbour, and stores both."""
    me = nl.program_id(0)
    out = nl.ndarray((2, 2, 128, 64), dtype=a.dtype, buffer=nl.shared_hbm)
    mine, theirs = (nl.ndarray((128, 64), dtype=a.dtype, buffer=nl.sbuf) for _ in range(2))
    nisa.dma_copy(dst=mine, src=(a, b)[me])
    nisa.sendrecv(src=mine, dst=theirs, send_to_rank=1 - me, recv_from_rank=1 - me, pipe_id=0)
    nisa.dma_copy(dst=out[me, 0], src=mine)
    nisa.dma_copy(dst=out[me, 1], src=theirs)
    return out


def test_cores_exchange_tiles():
    out = exchange[2](A, B)
    np.testing.assert_array_equal(out, [[A, B], [B, A]])


def test_a_shared_tensor_has_one_size():
    @nki.jit
    def kernel(a):
        rows = 64 * (nl.program_id(0) + 1)
        shared = nl.ndarray((rows, 64), dtype=a.dtype, buffer=nl.shared_hbm, name="shared")
        nisa.dma_copy(dst=shared, src=a[0:rows])
        return shared

    with pytest.raises(RuntimeError, match="'shared' has 16384 bytes on one core and 32768"):
        kernel[2](A)


def test_a_barrier_makes_shared_writes_visible():
    @nki.jit
    def kernel(a):
        me = nl.program_id(0)
        shared = nl.ndarray(a.shape, dtype=a.dtype, buffer=nl.shared_hbm)
        out = nl.ndarray((2, *a.shape), dtype=a.dtype, buffer=nl.shared_hbm)
        half = slice(64 * me, 64 * (me + 1))
        tile = nl.ndarray((64, 64), dtype=a.dtype, buffer=nl.sbuf)
        nisa.dma_copy(dst=tile, src=a[half])
        nisa.dma_copy(dst=shared[half], src=tile)
        nisa.core_barrier(shared, (0, 1))
        nisa.dma_copy(dst=out[me], src=shared)
        return out

    np.testing.assert_array_equal(kernel[2](A), [A, A])


def test_exchanges_repeat_in_dynamic_loops():
    @nki.jit
    def kernel(a, b):
        me = nl.program_id(0)
        out = nl.ndarray((2, *a.shape), dtype=a.dtype, buffer=nl.shared_hbm)
        x, y = (nl.ndarray(a.shape, dtype=a.dtype, buffer=nl.sbuf) for _ in range(2))
        nisa.dma_copy(dst=x, src=(a, b)[me])
        for _ in nl.dynamic_range(3):
            nisa.sendrecv(src=x, dst=y, send_to_rank=1 - me, recv_from_rank=1 - me, pipe_id=0)
            nisa.tensor_tensor(dst=x, data1=x, data2=y, op=nl.add)
        nisa.dma_copy(dst=out[me], src=x)
        return out

    total = A + B
    np.testing.assert_array_equal(kernel[2](A, B), [total * 4, total * 4])


def test_a_missing_partner_is_a_deadlock():
    @nki.jit
    def kernel(a):
        out = nl.ndarray(a.shape, dtype=a.dtype, buffer=nl.shared_hbm)
        x, y = (nl.ndarray(a.shape, dtype=a.dtype, buffer=nl.sbuf) for _ in range(2))
        nisa.dma_copy(dst=x, src=a)
        if nl.program_id(0) == 0:
            nisa.sendrecv(src=x, dst=y, send_to_rank=1, recv_from_rank=1, pipe_id=7)  # alone
        nisa.dma_copy(dst=out, src=x)
        return out

    with pytest.raises(RuntimeError) as caught:
        kernel[2](A)
    message = str(caught.value)
    lines = pathlib.Path(__file__).read_text().splitlines()
    line = next(n for n, text in enumerate(lines, 1) if text.endswith("# alone"))
    assert "deadlock" in message
    assert "core 0 waits at" in message and f"test_launch.py:{line}" in message
    assert "sendrecv (pipe 7) for core 1" in message and "core 1 has ended" in message


def test_a_core_that_is_alone_meets_nobody():
    with pytest.raises(nisa.NkiValidationError, match="meets core 1; the launch has one core"):
        exchange(A, B)


def test_provenance_counts_all_cores():
    import kiln

    exchange[2](A, B)
    ran = kiln.provenance()
    assert ran["cores"] == 2
    assert ran["instructions"]["sendrecv"] == 2
    assert ran["instructions"]["dma_copy"] == 6


def test_gpsimd_exchange_is_small():
    @nki.jit
    def kernel(a):
        x, y = (nl.ndarray((128, 512), dtype=a.dtype, buffer=nl.sbuf) for _ in range(2))
        nisa.memset(x, 0)
        nisa.sendrecv(x, y, 1, 1, 0, dma_engine=nisa.dma_engine.gpsimd_dma)
        return a

    with pytest.raises(nisa.NkiValidationError, match="2048 bytes in a partition"):
        kernel[2](A)


def test_tiles_of_a_loop_body_are_new_in_each_iteration():
    @nki.jit
    def kernel(a):
        out = nl.ndarray((3, 128, 64), dtype=nl.float32, buffer=nl.shared_hbm)
        x = nl.load(a)
        identity = nl.shared_identity_matrix(128, dtype=nl.float32)
        counter = nl.zeros((1, 1), dtype=nl.int32, buffer=nl.sbuf)
        for i in nl.dynamic_range(3):
            product = nl.ndarray((128, 64), dtype=nl.float32, buffer=nl.psum)
            nisa.nc_matmul(dst=product, stationary=identity, moving=x)
            copy = nl.ndarray((128, 64), dtype=nl.float32, buffer=nl.sbuf)
            nisa.tensor_copy(dst=copy, src=product)
            nisa.dma_copy(dst=out.select(0, i), src=copy)
        del counter
        return out

    np.testing.assert_array_equal(kernel(A), [A, A, A])


@pytest.mark.parametrize("stride", [1, 2])
def test_cores_that_write_the_same_elements_take_turns(stride):
    """Each clears the whole result and then writes its half, without a barrier."""

    @nki.jit
    def kernel(a):
        core = nl.program_id(0)
        out = nl.ndarray(a.shape, a.dtype, nl.shared_hbm)
        zeros = nl.ndarray(a.shape, a.dtype)
        nisa.memset(zeros, 0.0)
        nisa.dma_copy(dst=out, src=zeros)
        mine = (slice(None), slice(core, 8, 2) if stride == 2 else nl.ds(4 * core, 4))
        nisa.dma_copy(dst=out[mine], src=a[mine])
        return out

    a = np.arange(1, 33, dtype=np.float32).reshape(4, 8)
    np.testing.assert_array_equal(kernel[2](a), a)
