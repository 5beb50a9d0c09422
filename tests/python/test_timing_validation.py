"""The measured programs: each computes what it should, at a size that takes no time, and each row
of measurements.csv can be recorded for its device."""

import inspect

import nki
import numpy as np
import pytest

from kiln import _compat, _run, _target, provenance, timing_validation

CASES = list(timing_validation.cases())
REBUILT = [case for case in CASES if case.program]

# Programs of one instruction, of one kind of DMA or, `exp`, of one of each: what the timing model
# takes parameters from.
ISOLATED = {
    *("exp", "activation", "activation_reduce", "affine_select", "loads", "matmuls", "memset"),
    "memory_read",
    *("predicated_copy", "reciprocal", "stores", "stored", "stream_shuffle", "tensor_copy"),
    *("tensor_reduce", "tensor_scalar", "tensor_tensor", "tensor_tensor_scan", "transposes"),
    "vector_transposes",
}


def constant(value, *shape):
    return lambda: np.full(shape, value)


def matmul(lhs_t, rhs):
    return lhs_t.T @ rhs


def silu(x):
    return x / (1 + np.exp(-x))


def rms_norm(x, weight):
    return x / np.sqrt(np.mean(x * x, axis=1, keepdims=True) + 1e-6) * weight


def layer_norm(x, gamma, beta):
    centered = x - x.mean(axis=1, keepdims=True)
    return centered / np.sqrt(x.var(axis=1, keepdims=True) + 1e-5) * gamma + beta


def max_pool(x):
    return np.lib.stride_tricks.sliding_window_view(x, (3, 3)).max(axis=(2, 3))


def causal_attention(q, k, v):
    k, v = (np.repeat(x, len(q) // len(x), axis=0) for x in (k, v))
    scores = q @ k.swapaxes(1, 2) / np.sqrt(q.shape[2])
    scores[:, *np.triu_indices(q.shape[1], 1)] = -np.inf
    p = np.exp(scores - scores.max(axis=2, keepdims=True))
    return p / p.sum(axis=2, keepdims=True) @ v


def mamba(delta, u, a, b, c):
    state, out = np.zeros(a.shape), np.zeros(delta.shape)
    for t in range(delta.shape[1]):
        state = np.exp(delta[:, t, None] * a) * state + np.outer(delta[:, t] * u[:, t], b[:, t])
        out[:, t] = state @ c[:, t]
    return out


def adamw(theta, g, m, v):
    m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
    return theta - 1e-5 * theta - 0.01 * m / (np.sqrt(1000 * v) + 1e-8)


def half_sums(n):
    """Of the scan x = x / 2 + 1 from 0."""
    return lambda: np.broadcast_to(2 - 0.5 ** np.arange(n), (128, n))


def causal_ones(n):
    return lambda: np.where(np.tri(128, n), 3.0, -1.0)


FLOAT32, BFLOAT16 = 1e-5, 2e-2
MATMUL = {"m": 512, "k": 256, "n": 1024}

# (program, parameters, what it computes of its arrays in float64, how far off it may be)
SMALL = [
    ("tensor_copy", {"n": 96}, constant(3, 128, 96), 0),
    ("tensor_copy", {"n": 96, "engine": "scalar", "source": "psum"}, constant(3, 128, 96), 0),
    ("activation", {"n": 96}, constant(np.exp(0.5), 128, 96), FLOAT32),
    ("activation", {"n": 1, "op": "copy", "length": 4}, constant(0.5, 128, 1), 0),
    ("activation_reduce", {"n": 96}, constant(96 * np.exp(0.5), 128, 1), FLOAT32),
    ("tensor_tensor", {"n": 96, "source2": "psum"}, constant(7, 128, 96), 0),
    ("tensor_scalar", {"n": 96}, constant(6, 128, 96), 0),
    ("tensor_reduce", {"n": 96, "dtype": "bfloat16"}, constant(48, 128, 1), 0),
    ("reciprocal", {"n": 96}, constant(0.25, 128, 96), FLOAT32),
    ("memset", {"n": 96}, constant(7, 128, 96), 0),
    ("tensor_tensor_scan", {"n": 20}, half_sums(20), FLOAT32),
    ("tensor_tensor_scan", {"n": 20, "seed": "tensor"}, half_sums(20), FLOAT32),
    ("stream_shuffle", {"n": 96}, constant(3, 128, 96), 0),
    ("predicated_copy", {"n": 96}, constant(5, 128, 96), 0),
    ("affine_select", {"n": 96}, causal_ones(96), 0),
    ("vector_transposes", {"count": 3}, constant(3, 32, 96), 0),
    ("transposes", {"dtype": "float16", "count": 5}, constant(3, 128, 128), 0),
    ("matmuls", {"n": 96, "k": 64, "count": 3}, constant(384, 128, 96), 0),
    ("exp", {"rows": 200, "columns": 96}, np.exp, BFLOAT16),
    ("exp", {"rows": 4, "columns": 96, "dtype": "float32", "static": True}, np.exp, FLOAT32),
    ("loads", {"row_bytes": 64, "count": 3}, lambda x: x[2, :, :1], 0),
    ("stored", {"rows": 8, "row_bytes": 64}, constant(3, 8, 16), 0),
    ("stores", {"row_bytes": 64, "count": 3}, constant(3, 3, 128, 16), 0),
    ("vector_add", {"n": 2560, "width": 10}, lambda a, b: (a + b).reshape(128, 20), FLOAT32),
    ("vector_add_rows", {"n": 300, "rows": 100}, np.add, FLOAT32),
    ("transpose", {"rows": 256, "columns": 384}, np.transpose, 0),
    (
        "memory_read",
        {"total_bytes": 2 * 256 * 512, "width": 512},
        lambda x: x.reshape(2, 128, 512).sum(axis=(0, 2))[:, None],
        FLOAT32,
    ),
    (
        "memory_read",
        {"total_bytes": 2 * 256 * 512, "width": 512, "squares": True},
        lambda x: (x * x).reshape(2, 128, 512).sum(axis=(0, 2))[:, None],
        FLOAT32,
    ),
    (
        "memory_write",
        {"total_bytes": 2 * 256 * 512, "width": 512},
        lambda x: np.concatenate([x, x]),
        0,
    ),
    ("memory_copy", {"total_bytes": 4 * 256 * 512, "width": 512}, np.copy, 0),
    ("silu_slices", {"rows": 256, "columns": 96, "parts": 2}, silu, FLOAT32),
    ("adamw", {"rows": 200, "columns": 96}, adamw, FLOAT32),
    ("tile_by_tile", MATMUL, matmul, FLOAT32),
    ("tile_by_tile", MATMUL | {"n": 2048, "lhs_loads": 3}, matmul, FLOAT32),
    ("hoisted", MATMUL, matmul, FLOAT32),
    ("blocked", MATMUL, matmul, FLOAT32),
    ("blocked", MATMUL | {"reload": True}, matmul, FLOAT32),
    ("row_loads", MATMUL | {"block_rows": 2}, matmul, BFLOAT16),
    ("blocked_everywhere", MATMUL | {"block_rows": 2, "block_depth": 1}, matmul, FLOAT32),
    ("kept_columns", MATMUL | {"lhs_width": 4}, matmul, FLOAT32),
    ("streamed", MATMUL, matmul, FLOAT32),
    ("loads_in_step", MATMUL, matmul, BFLOAT16),
    ("resident", MATMUL | {"accumulators": 2}, matmul, BFLOAT16),
    ("streaming", MATMUL | {"depth": 128}, matmul, BFLOAT16),
    ("streaming_whole", MATMUL, matmul, BFLOAT16),
    ("transposing", {"m": 1024, "k": 256, "n": 1024, "depth": 128}, np.matmul, BFLOAT16),
    ("silu", {"rows": 256, "columns": 96, "calls": 2}, lambda x: silu(silu(x)), BFLOAT16),
    ("rms_norm", {"rows": 256, "columns": 96}, rms_norm, BFLOAT16),
    ("layer_norm", {"rows": 256, "columns": 1024}, layer_norm, FLOAT32),
    ("max_pool", {"rows": 102, "columns": 98, "tile_rows": 40}, max_pool, 0),
    (
        "causal_attention",
        {"length": 2560, "heads": 2, "kv_heads": 1},
        causal_attention,
        BFLOAT16,
    ),
    ("mamba", {"channels": 256, "length": 32, "states": 3}, mamba, FLOAT32),
    ("mamba", {"channels": 128, "length": 32, "states": 3, "reload": True}, mamba, FLOAT32),
    (
        "mamba_in_pieces",
        {"channels": 128, "length": 32, "states": 3, "piece": 16},
        mamba,
        FLOAT32,
    ),
]


def execute(program, arrays):
    """Calls the kernel, checked, with these arrays for the placeholders."""
    remaining = iter(arrays)
    arguments = [next(remaining) if isinstance(a, np.ndarray) else a for a in program.arguments]
    return nki.simulate(program.kernel, check=True)(*arguments)


def random_arrays(name, program):
    """What is rooted is positive, and what Mamba lets grow decays."""
    random = np.random.default_rng(1)
    arrays = [
        random.standard_normal(a.shape).astype(a.dtype)
        for a in program.arguments
        if isinstance(a, np.ndarray)
    ]
    if name == "adamw":
        arrays[3] = np.abs(arrays[3])
    if name.startswith("mamba"):
        arrays[0], arrays[2] = np.abs(arrays[0]), -np.abs(arrays[2])
    return arrays


@pytest.mark.parametrize(("name", "parameters", "reference", "tolerance"), SMALL)
def test_programs_compute_what_they_should(name, parameters, reference, tolerance):
    program = timing_validation.programs()[name](**parameters)
    arrays = random_arrays(name, program)
    expected = reference(*(a.astype(np.float64) for a in arrays))
    result = execute(program, arrays).astype(np.float64)
    assert result.shape == expected.shape
    np.testing.assert_allclose(result, expected, rtol=0, atol=tolerance * np.abs(expected).max())


@pytest.mark.parametrize("depth", [1, 4])
def test_a_ring_of_buffers_computes_the_product(depth):
    program = timing_validation.programs()["rings"](m=256, k=256, n=128, depth=depth)
    lhs, rhs, _ = random_arrays("rings", program)
    result = execute(program, [lhs, rhs, np.eye(128, dtype=np.float32)])
    np.testing.assert_allclose(result, lhs @ rhs.T, rtol=0, atol=1e-4)


def test_every_program_has_a_small_case():
    assert {name for name, *_ in SMALL} | {"rings"} == set(timing_validation.programs())


def test_rows_are_whole():
    assert len({case.id for case in CASES}) == len(CASES)
    for case in CASES:
        assert case.generation in ("trn1", "trn2", "trn3"), case.id
        assert case.split in ("fit", "test"), case.id
        assert case.source and case.kernel and case.metric and case.unit, case.id
        assert bool(case.program) != bool(case.why_not), case.id


def test_rows_compare_what_there_is():
    for case in REBUILT:
        assert case.compared[0] in timing_validation.MEASURES, case.id
        function = timing_validation.programs()[case.program]
        inspect.signature(function).bind(**case.parameters)


def test_no_parameter_is_taken_from_a_whole_kernel():
    assert {case.program for case in REBUILT if case.split == "fit"} <= ISOLATED


def record(case):
    program = case.build()
    kernel = program.kernel
    choice = _compat.choose(kernel.fn, kernel.compat)
    target = _target.find(case.generation, "measurements.csv")
    return _run.Launch(kernel, choice, lambda: kernel.bind(program.arguments, {}), target=target)


def test_every_row_can_be_recorded_for_its_device():
    recorded = set()
    for case in REBUILT:
        key = (case.program, str(case.parameters), case.generation)
        if key not in recorded:
            recorded.add(key)
            record(case)


# (program, parameters, how many of these instructions were published)
COUNTS = [
    ("transpose", {"rows": 1024, "columns": 1024}, {"dma_copy": 128, "nc_transpose": 64}),
    ("rings", {"m": 512, "k": 256, "n": 512, "depth": 2}, {"nc_matmul": 96}),
    (
        "max_pool",
        {"rows": 4096, "columns": 4096, "tile_rows": 89},
        {"dma_copy": 184, "tensor_tensor": 184},
    ),
    ("causal_attention", {"length": 512}, {"activation_reduce": 64}),
    ("causal_attention", {"length": 1024}, {"activation_reduce": 192}),
    ("loads_in_step", {"m": 2048, "k": 2048, "n": 2048}, {"nc_matmul": 1024}),
]


@pytest.mark.parametrize(("name", "parameters", "counts"), COUNTS)
def test_programs_have_the_published_instructions(name, parameters, counts):
    program = timing_validation.programs()[name](**parameters)
    program.kernel(*program.arguments)
    executed = provenance()["instructions"]
    assert {kind: executed[kind] for kind in counts} == counts
