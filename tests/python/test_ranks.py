"""Ranks: every collective against what NumPy says of all ranks' inputs, in one process and over
MPI; rings of permutes; what goes wrong."""

import os
import shutil
import subprocess
import sys

import ml_dtypes
import nki
import nki.collectives as ncc
import nki.isa as nisa
import nki.language as nl
import numpy as np
import pytest

import kiln

SEED = int(os.environ.get("KILN_TEST_SEED") or 5)
OPS = {
    "add": (nl.add, np.add),
    "minimum": (nl.minimum, np.minimum),
    "maximum": (nl.maximum, np.maximum),
}


def inputs_of(ranks, shape, dtype=np.float32):
    rng = np.random.default_rng(SEED)
    values = rng.integers(-50, 50, (ranks, *shape)) / 4
    return [v.astype(dtype) for v in values]


def groups_of(ranks, size):
    """Groups of `size` that are no neighbours: [[0, 2], [1, 3]]."""
    count = ranks // size
    return [[g + count * i for i in range(size)] for g in range(count)]


def run(kernel, arrays, **others):
    return kiln.run_ranks(kernel, [{"a": a, **others} for a in arrays])


@nki.jit
def hbm_collective(a, what, shape, **options):
    out = nl.ndarray(shape, dtype=a.dtype, buffer=nl.shared_hbm)
    what(srcs=[a], dsts=[out], **options)
    return out


@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize("dtype", [np.float32, ml_dtypes.bfloat16, np.int32])
@pytest.mark.parametrize("ranks, size", [(2, 2), (6, 3), (64, 64)])
def test_all_reduce(op, dtype, ranks, size):
    arrays = inputs_of(ranks, (3, 5), dtype)
    groups = groups_of(ranks, size)
    token, function = OPS[op]
    out = run(
        hbm_collective,
        arrays,
        what=ncc.all_reduce,
        shape=(3, 5),
        replica_group=ncc.ReplicaGroup(groups),
        op=token,
    )
    for group in groups:
        expected = function.reduce([arrays[r].astype(np.float64) for r in group])
        for rank in group:
            np.testing.assert_array_equal(out[rank], expected.astype(dtype))


@pytest.mark.parametrize("ranks, size", [(2, 2), (8, 4), (32, 32)])
def test_all_gather(ranks, size):
    arrays = inputs_of(ranks, (4, 6))
    groups = groups_of(ranks, size)
    out = run(
        hbm_collective,
        arrays,
        what=ncc.all_gather,
        shape=(4 * size, 6),
        replica_group=groups,
        collective_dim=0,
    )
    for group in groups:
        for rank in group:
            np.testing.assert_array_equal(out[rank], np.concatenate([arrays[r] for r in group]))


@pytest.mark.parametrize("dim", [0, 1])
def test_all_gather_in_sbuf(dim):
    @nki.jit
    def kernel(a):
        shape = (16, 6) if dim == 0 else (4, 24)
        x = nl.load(a)
        y = nl.ndarray(shape, dtype=a.dtype, buffer=nl.sbuf)
        ncc.all_gather([x], [y], ncc.ReplicaGroup([[0, 1, 2, 3]]), dim)
        out = nl.ndarray(shape, dtype=a.dtype, buffer=nl.shared_hbm)
        nisa.dma_copy(dst=out, src=y)
        return out

    arrays = inputs_of(4, (4, 6))
    for result in run(kernel, arrays).values():
        np.testing.assert_array_equal(result, np.concatenate(arrays, axis=dim))


def test_reduce_scatter_and_all_to_all():
    ranks = 4
    arrays = inputs_of(ranks, (8, 3))
    groups = [list(range(ranks))]
    scattered = run(
        hbm_collective,
        arrays,
        what=ncc.reduce_scatter,
        shape=(2, 3),
        replica_group=groups,
        collective_dim=0,
        op=nl.add,
    )
    exchanged = run(
        hbm_collective,
        arrays,
        what=ncc.all_to_all,
        shape=(8, 3),
        replica_group=groups,
        collective_dim=0,
    )
    total = np.sum(arrays, axis=0)
    for rank in range(ranks):
        part = slice(2 * rank, 2 * rank + 2)
        np.testing.assert_array_equal(scattered[rank], total[part])
        np.testing.assert_array_equal(exchanged[rank], np.concatenate([a[part] for a in arrays]))


def test_several_tensors_at_once():
    @nki.jit
    def kernel(a):
        outs = [nl.ndarray(a.shape, dtype=a.dtype, buffer=nl.shared_hbm) for _ in range(2)]
        twice = nl.ndarray(a.shape, dtype=a.dtype, buffer=nl.shared_hbm)
        x = nl.load(a)
        nisa.dma_copy(dst=twice, src=nl.add(x, x))
        ncc.all_reduce([a, twice], outs, [[0, 1]], nl.add)
        return outs

    arrays = inputs_of(2, (4, 4))
    for outs in run(kernel, arrays).values():
        np.testing.assert_array_equal(outs[0], arrays[0] + arrays[1])
        np.testing.assert_array_equal(outs[1], 2 * (arrays[0] + arrays[1]))


def test_collective_permute_leaves_who_is_no_target():
    @nki.jit
    def kernel(a):
        out = nl.zeros(a.shape, dtype=a.dtype, buffer=nl.shared_hbm)
        ncc.collective_permute([a], [out], [(0, 2), (2, 1)])
        return out

    arrays = inputs_of(4, (3, 3))
    out = run(kernel, arrays)
    for rank, expected in enumerate([0 * arrays[0], arrays[2], arrays[0], 0 * arrays[0]]):
        np.testing.assert_array_equal(out[rank], expected)


@pytest.mark.parametrize("ranks", [2, 5])
def test_a_ring_of_permutes_brings_every_ranks_data(ranks):
    @nki.jit
    def kernel(a):
        group = ncc.ReplicaGroup([list(range(ranks))])
        out = nl.ndarray((ranks, *a.shape), dtype=a.dtype, buffer=nl.shared_hbm)
        buffers = [nl.ndarray(a.shape, dtype=a.dtype, buffer=nl.sbuf) for _ in range(2)]
        nisa.dma_copy(dst=buffers[0], src=a)
        for step in range(ranks):
            rank = ncc.collective_permute_implicit_current_processing_rank_id(
                iteration_id=step, replica_group=group
            )
            nisa.dma_copy(dst=out.select(0, rank), src=buffers[step % 2])
            ncc.collective_permute_implicit(
                [[buffers[step % 2]]], [[buffers[1 - step % 2]]], replica_group=group
            )
        return out

    arrays = inputs_of(ranks, (4, 5))
    for result in run(kernel, arrays).values():
        np.testing.assert_array_equal(result, arrays)


def test_a_ring_that_reduces():
    @nki.jit
    def kernel(a):
        out = nl.ndarray(a.shape, dtype=a.dtype, buffer=nl.shared_hbm)
        ncc.collective_permute_implicit_reduce(
            [[a], [a]][:1], [[a]], [[out]], replica_group=[[0, 1, 2]], op=nl.add
        )
        return out

    arrays = inputs_of(3, (2, 3))
    out = run(kernel, arrays)
    for rank in range(3):
        np.testing.assert_array_equal(out[rank], 2 * arrays[rank - 1])


@pytest.mark.parametrize("where", ["hbm", "sbuf"])
@pytest.mark.parametrize("has_rdispls", [False, True])
def test_all_to_all_v(where, has_rdispls):
    ranks, slot = 4, 6
    rng = np.random.default_rng(SEED)
    counts = rng.integers(0, slot + 1, (ranks, ranks))
    starts = np.concatenate([np.zeros((ranks, 1), int), counts.cumsum(axis=1)[:, :-1]], axis=1)
    arrays = inputs_of(ranks, (ranks * slot,))
    rows = 4 if has_rdispls else 3
    places = np.arange(ranks)[::-1] * slot if has_rdispls else np.arange(ranks) * slot

    @nki.jit
    def kernel(a, metadata):
        out = nl.zeros(a.shape, dtype=a.dtype, buffer=nl.shared_hbm)
        known = metadata
        if where == "sbuf":
            known = nl.ndarray((1, rows, ranks), dtype=nl.uint32, buffer=nl.sbuf)
            nisa.dma_copy(dst=known, src=metadata)
        group = ncc.ReplicaGroup([list(range(ranks))])
        ncc.all_to_all_v([a], [out], group, known, has_rdispls=has_rdispls)
        received = nl.ndarray((ranks,), dtype=nl.uint32, buffer=nl.shared_hbm)
        nisa.dma_copy(dst=received, src=known[0, 2] if where == "sbuf" else known[2])
        return out, received

    metadata = []
    for rank in range(ranks):
        m = np.zeros((rows, ranks), np.uint32)
        m[0], m[1] = counts[rank], starts[rank]
        if has_rdispls:
            m[3] = places
        metadata.append(m)
    out = kiln.run_ranks(kernel, lambda r: {"a": arrays[r], "metadata": metadata[r]}, ranks)
    for rank in range(ranks):
        expected = np.zeros(ranks * slot, np.float32)
        for sender in range(ranks):
            first, count = starts[sender, rank], counts[sender, rank]
            piece = arrays[sender][first : first + count]
            expected[places[sender] : places[sender] + count] = piece
        np.testing.assert_array_equal(out[rank][0], expected)
        np.testing.assert_array_equal(out[rank][1], counts[:, rank])


def test_all_gather_v():
    ranks, slot = 4, 5

    @nki.jit
    def kernel(a, metadata):
        out = nl.zeros((ranks * slot,), dtype=a.dtype, buffer=nl.shared_hbm)
        ncc.all_gather_v([a], [out], ncc.ReplicaGroup([list(range(ranks))]), metadata)
        return out, metadata

    arrays = inputs_of(ranks, (8,))
    counts = [3, 0, 5, 1]

    def inputs(rank):
        metadata = np.zeros((3, ranks), np.uint32)
        metadata[0, 0], metadata[1, 0] = counts[rank], rank
        return {"a": arrays[rank], "metadata": metadata}

    expected = np.zeros(ranks * slot, np.float32)
    for rank, count in enumerate(counts):
        expected[rank * slot : rank * slot + count] = arrays[rank][rank : rank + count]
    for out, metadata in kiln.run_ranks(kernel, inputs, ranks).values():
        np.testing.assert_array_equal(out, expected)
        np.testing.assert_array_equal(metadata[2], counts)


def test_a_count_beyond_the_tensor_is_a_fault():
    @nki.jit
    def kernel(a, metadata):
        out = nl.zeros((8,), dtype=a.dtype, buffer=nl.shared_hbm)
        ncc.all_gather_v([a], [out], [[0, 1]], metadata)
        return out

    metadata = np.array([[9, 0], [0, 0], [0, 0]], np.uint32)
    with pytest.raises(RuntimeError, match="sends 9 elements from 0 on, of 8"):
        kiln.run_ranks(
            kernel, [{"a": np.zeros(8, np.float32), "metadata": metadata.copy()} for _ in range(2)]
        )


def test_rank_id_moves_a_view():
    @nki.jit
    def kernel(a):
        out = nl.ndarray(a.shape[1:], dtype=a.dtype, buffer=nl.shared_hbm)
        nisa.dma_copy(dst=out, src=a.select(0, ncc.rank_id()))
        return out

    a = np.arange(24, dtype=np.float32).reshape(4, 2, 3)
    out = kiln.run_ranks(kernel, [{"a": a}] * 4)
    for rank in range(4):
        np.testing.assert_array_equal(out[rank], a[rank])


def test_ranks_on_launch_grids():
    """Core c of each rank meets core c of the others."""

    @nki.jit
    def kernel(a):
        core = nl.program_id(0)
        out = nl.ndarray((2, 2, *a.shape[1:]), dtype=a.dtype, buffer=nl.shared_hbm)
        mine = nl.ndarray((1, 4), dtype=a.dtype, buffer=nl.sbuf)
        both = nl.ndarray((1, 8), dtype=a.dtype, buffer=nl.sbuf)
        nisa.dma_copy(dst=mine, src=a[core])
        ncc.all_gather([mine], [both], [[0, 1]], 1)
        nisa.dma_copy(dst=out[core], src=both)
        return out

    arrays = inputs_of(2, (2, 4))
    out = kiln.run_ranks(kernel[2], [{"a": a} for a in arrays])
    expected = np.stack(arrays, axis=1)
    for rank in range(2):
        np.testing.assert_array_equal(out[rank], expected)
    assert kiln.provenance()["cores"] == 4
    assert kiln.provenance()["ranks"] == 2


def test_a_rank_that_does_not_come_is_a_deadlock():
    @nki.jit
    def kernel(a, comes):
        out = nl.ndarray(a.shape, dtype=a.dtype, buffer=nl.shared_hbm)
        nisa.dma_copy(dst=out, src=a)
        if comes:
            ncc.all_reduce([a], [out], [[0, 1, 2]], nl.add)
        return out

    a = np.zeros((2, 2), np.float32)
    with pytest.raises(RuntimeError) as caught:
        kiln.run_ranks(kernel, [{"a": a, "comes": rank != 1} for rank in range(3)])
    assert "rank 0 waits at" in str(caught.value) and "in all_reduce for rank 1" in str(
        caught.value
    )
    assert "rank 1 has ended" in str(caught.value)


def test_mistakes_are_errors():
    @nki.jit
    def kernel(a):
        out = nl.ndarray(a.shape, dtype=a.dtype, buffer=nl.shared_hbm)
        ncc.all_reduce([a], [out], [[0, 0]], nl.add)
        ncc.all_reduce([a], [out], [[0, 1]], nl.multiply)
        ncc.all_gather([a], [out], [[0, 1]], 0)
        ncc.all_reduce([a, a], [out], [[0, 1]], nl.add)
        ncc.all_to_all([nl.load(a)], [nl.load(a)], [[0, 1]], 0)
        ncc.all_reduce([a], [out], ranks=[[0, 1]], op=nl.add)
        return out

    with pytest.raises(nisa.NkiValidationError) as caught:
        kernel(np.zeros((2, 2), np.float32))
    messages = [d["message"] for d in caught.value.diagnostics]
    for part in (
        "rank 0 is in the groups twice",
        "op is multiply; ranks are combined by add, minimum or maximum",
        "dst is (2, 2), src is (2, 2); along dimension 0 dst is 2 times src",
        "there are 2 srcs and 1 dsts",
        "srcs is in sbuf",
        "has no argument 'ranks'",
    ):
        assert any(part in message for message in messages), (part, messages)


MPI_SCRIPT = """
import kiln, nki, numpy as np
import nki.collectives as ncc, nki.isa as nisa, nki.language as nl

RANKS = 6

@nki.jit
def kernel(a):
    group = ncc.ReplicaGroup([list(range(RANKS))])
    total = nl.ndarray(a.shape, dtype=a.dtype, buffer=nl.shared_hbm)
    ncc.all_reduce([a], [total], group, nl.add)
    halves = nl.ndarray(a.shape, dtype=a.dtype, buffer=nl.shared_hbm)
    ncc.all_reduce([a], [halves], [[0, 2, 4], [1, 3, 5]], nl.maximum)
    gathered = nl.ndarray((RANKS * 4, 3), dtype=a.dtype, buffer=nl.shared_hbm)
    ncc.all_gather([a], [gathered], group, 0)
    shifted = nl.ndarray(a.shape, dtype=a.dtype, buffer=nl.shared_hbm)
    ncc.collective_permute_implicit([[a]], [[shifted]], group)
    return total, halves, gathered, shifted

arrays = [np.random.default_rng(r).integers(0, 9, (4, 3)).astype(np.float32) for r in range(RANKS)]
asked = []
def inputs(rank):
    asked.append(rank)
    return {"a": arrays[rank]}
out = kiln.run_ranks(kernel, inputs, RANKS)
assert list(out) == asked, (list(out), asked)
for rank, (total, halves, gathered, shifted) in out.items():
    np.testing.assert_array_equal(total, sum(arrays))
    np.testing.assert_array_equal(halves, np.max(arrays[rank % 2 :: 2], axis=0))
    np.testing.assert_array_equal(gathered, np.concatenate(arrays))
    np.testing.assert_array_equal(shifted, arrays[rank - 1])
print(f"process {kiln._ranks.job()} ranks {sorted(out)}\\n", end="", flush=True)
"""


@pytest.mark.skipif(shutil.which("mpirun") is None, reason="no mpirun")
@pytest.mark.parametrize("processes", [1, 2, 4])
def test_ranks_over_mpi(processes, tmp_path):
    script = tmp_path / "ranks.py"
    script.write_text(MPI_SCRIPT)
    command = ["mpirun", "--allow-run-as-root", "--oversubscribe", "-n", str(processes)]
    done = subprocess.run(
        [*command, sys.executable, str(script)], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("process (") == processes
