"""The example kernels of AWS's public documentation, run unmodified against NumPy.

Needs a checkout of the repository aws-neuron/aws-neuron-sdk; NKI_EXAMPLES names its nki/examples
folder. Skipped without it.
"""

import importlib.util
import os
import pathlib

import ml_dtypes
import numpy as np
import pytest

from kiln import _run

FOLDER = pathlib.Path(os.environ.get("NKI_EXAMPLES", "/nonexistent"))
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="NKI_EXAMPLES names no folder")

RNG = np.random.default_rng(6)


@pytest.fixture
def load(monkeypatch):
    """Imports an example; what it sets in the environment is undone."""
    monkeypatch.setattr(os, "environ", os.environ.copy())

    def load_module(path):
        spec = importlib.util.spec_from_file_location(path.replace("/", "_")[:-3], FOLDER / path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load_module


@pytest.mark.parametrize("name", ["getting_started_baremetal.py", "getting_started_torch.py"])
def test_getting_started(load, name):
    a = RNG.standard_normal((4, 3)).astype(np.float16)
    np.testing.assert_array_equal(load(name).nki_tensor_add_kernel(a, a), a + a)


def test_simulate(load):
    module = load("simulate/nki_simulate_example.py")
    np.testing.assert_array_equal(module.result, module.a + module.b)


def test_layout_pass(load):
    x = RNG.standard_normal((128, 512)).astype(np.float32)
    np.testing.assert_allclose(load("layout-pass.py").tensor_exp_kernel_(x), np.exp(x), rtol=1e-6)


def test_layout_violation_is_refused(load):
    with pytest.raises(_run.NkiValidationError, match="256 partitions; sbuf has 128"):
        load("layout-violation.py").tensor_exp_kernel_(np.ones((256, 512), np.float32))


def test_index_cases(load):
    x = np.arange(20, dtype=np.float32).reshape(4, 5)
    even, odd = load("index-case-1.py").tensor_split_kernel_(x)
    np.testing.assert_array_equal(even, x[:, ::2])
    np.testing.assert_array_equal(odd, x[:, 1::2])
    x = RNG.standard_normal((2, 6, 6)).astype(np.float32)
    expected = x.reshape(2, 3, 2, 3, 2).max((2, 4))
    np.testing.assert_array_equal(load("index-case-3.py").tensor_maxpool_kernel_(x, 2), expected)


def test_tensor_addition(load):
    a, b = RNG.standard_normal((2, 256, 1024)).astype(np.float32)
    module = load("tensor_addition/tensor_addition_nki_kernels.py")
    np.testing.assert_array_equal(module.nki_tensor_add(a, b), a + b)


def test_transpose2d(load):
    a = np.arange(60, dtype=np.int8).reshape(5, 12)
    module = load("transpose2d/transpose2d_nki_kernels.py")
    expected = a.reshape(5, 3, 4).transpose(0, 2, 1).reshape(5, 12)
    np.testing.assert_array_equal(module.tensor_transpose2D_kernel_(a, (3, 4)), expected)


def test_average_pool(load):
    module = load("average_pool2d/average_pool2d_nki_kernels.py")
    a = np.arange(72, dtype=np.float16).reshape(2, 6, 6)
    np.testing.assert_array_equal(
        module.tensor_avgpool_kernel(a, 2), module.np_average_pool_2D(a, 2)
    )


MATMULS = {
    "nki_matmul_basic_": (128, 64, 512),
    "nki_matmul_tiled_": (256, 256, 1024),
    "nki_matmul_hoist_load_": (256, 256, 1024),
    "nki_matmul_block_free_dimension_": (256, 512, 2048),
    "nki_matmul_fully_optimized_": (1024, 2048, 1024),
}


@pytest.mark.parametrize("name", MATMULS)
def test_matrix_multiplication(load, name):
    k, m, n = MATMULS[name]
    a, b = (RNG.standard_normal((k, c)).astype(ml_dtypes.bfloat16) for c in (m, n))
    kernel = getattr(load("matrix_multiplication/matrix_multiplication_nki_kernels.py"), name)
    expected = a.astype(np.float64).T @ b.astype(np.float64)
    got = kernel(a, b).astype(np.float64)
    assert np.abs(got - expected).max() <= 2**-8 * np.abs(expected).max()


@pytest.mark.parametrize("name", ["mamba_v1", "mamba_v2", "mamba_v3"])
def test_fused_mamba(load, name):
    channels, length, states = 128, 512, 2
    delta, u = np.abs(RNG.standard_normal((2, 1, channels, length))).astype(np.float32)
    a = -np.abs(RNG.standard_normal((channels, states))).astype(np.float32)
    b, c = RNG.standard_normal((2, 1, states, length)).astype(np.float32)
    state = np.zeros((channels, states))
    expected = np.empty((channels, length))
    for t in range(length):
        step = delta[0, :, t : t + 1].astype(np.float64)
        state = np.exp(step * a) * state + step * u[0, :, t : t + 1] * b[0, :, t]
        expected[:, t] = state @ c[0, :, t]
    got = getattr(load("fused_mamba/mamba_nki_kernels.py"), name)(delta, u, a, b, c)[0]
    np.testing.assert_allclose(got, expected, rtol=2e-4, atol=2e-4)
