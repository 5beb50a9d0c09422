"""Data types as Python sees them: NumPy's, and those that NumPy does not have."""

import copy
import pickle

import ml_dtypes
import nki
import nki.isa as nisa
import nki.language as nl
import numpy as np
import pytest
from kiln.cli import inputs

from kiln import _dtypes

PACKED = {
    "float8_e4m3fn_x4": (ml_dtypes.float8_e4m3fn, "<u4"),
    "float8_e5m2_x4": (ml_dtypes.float8_e5m2, "<u4"),
    "float4_e2m1fn_x4": (ml_dtypes.float4_e2m1fn, "<u2"),
}
OWN = {name: field for name, (_, field) in PACKED.items()} | {"tfloat32": "<f4"}


def elements(array, name):
    """The elements of an x4 array by NumPy's means."""
    element, field = PACKED[name]
    words = np.asarray(array).view(field)[..., None]
    bits = np.dtype(field).itemsize * 8 // 4
    codes = words >> (np.arange(4) * bits).astype(words.dtype) & (2**bits - 1)
    return codes.astype(np.uint8).view(element).astype(np.float32).reshape(*array.shape[:-1], -1)


def random_words(name, shape, seed=1):
    _, field = PACKED[name]
    rng = np.random.default_rng(seed)
    words = rng.integers(0, np.iinfo(field).max, shape, np.dtype(field), endpoint=True)
    return words.view([(name, field)])


@pytest.mark.parametrize(("name", "field"), OWN.items())
def test_a_type_that_numpy_does_not_have_is_a_structure_of_its_name(name, field):
    dtype = getattr(nl, name)
    array = np.zeros((2, 3), dtype=dtype)
    assert str(dtype) == repr(dtype) == f"{dtype}" == name
    assert array.dtype == np.dtype([(name, field)])
    assert array.dtype == dtype and dtype == array.dtype
    assert dtype == getattr(nki.dtype, name)
    assert {dtype: 1}[array.dtype] == {array.dtype: 1}[dtype] == 1
    assert dtype in (nl.float32, array.dtype) and array.dtype in [nl.int8, dtype]
    assert np.empty_like(array).dtype == dtype
    assert dtype.itemsize == array.itemsize
    assert dtype != field and dtype != np.dtype(field) and np.dtype(field) != dtype
    assert dtype not in [getattr(nl, other) for other in _dtypes.NAMES if other != name]
    assert _dtypes.canonical(array.dtype) is _dtypes.canonical(name) is dtype
    assert copy.deepcopy(dtype) is pickle.loads(pickle.dumps(dtype)) is dtype


@pytest.mark.parametrize("name", PACKED)
def test_x4_arrays_go_in_and_out(name):
    @nki.jit
    def kernel(a):
        seen.append(a.dtype)
        tile = nl.ndarray(a.shape, dtype=a.dtype, buffer=nl.sbuf)
        nisa.dma_copy(dst=tile, src=a)
        out = nl.ndarray(a.shape, dtype=getattr(nl, name), buffer=nl.shared_hbm)
        nisa.dma_copy(dst=out, src=tile)
        return out

    seen = []
    a = random_words(name, (5, 7))
    result = kernel(a)
    assert seen == [getattr(nl, name)] and seen[0] is getattr(nl, name)
    assert result.dtype == a.dtype
    assert np.asarray(result, dtype=np.zeros(1, getattr(nl, name)).dtype) is result
    np.testing.assert_array_equal(result, a)


def test_x4_arrays_are_written_in_place():
    @nki.jit
    def kernel(out):
        tile = nl.ndarray(out.shape, dtype=out.dtype, buffer=nl.sbuf)
        nisa.memset(dst=tile, value=0)
        nisa.dma_copy(dst=out, src=tile)
        return out

    a = random_words("float8_e5m2_x4", (4, 12))
    strided = a[:, ::2]
    kernel(strided)
    assert (a[:, ::2] == np.zeros((), a.dtype)).all()
    assert (a[:, 1::2] != np.zeros((), a.dtype)).all()


@pytest.mark.parametrize("name", PACKED)
def test_unpack_and_pack(name):
    a = random_words(name, (3, 50))
    values = _dtypes.unpack(a)
    np.testing.assert_array_equal(values, elements(a, name))
    finite = np.nan_to_num(values, posinf=1, neginf=-1)
    again = _dtypes.pack(finite, name)
    assert again.dtype == a.dtype
    np.testing.assert_array_equal(_dtypes.unpack(again), finite)
    with pytest.raises(ValueError, match=f"{name} packs 4 elements"):
        _dtypes.pack(np.zeros((4, 6)), name)


def test_a_printed_x4_tile_shows_its_elements(capsys):
    @nki.jit
    def kernel(a):
        tile = nl.ndarray(a.shape, dtype=a.dtype, buffer=nl.sbuf)
        nisa.dma_copy(dst=tile, src=a)
        print(tile)
        return a

    kernel(_dtypes.pack(np.array([[0.5, -1.5, 6, 0]]), "float4_e2m1fn_x4"))
    shown = capsys.readouterr().out
    assert "float4_e2m1fn_x4[1, 1] in sbuf" in shown
    assert "[[ 0.5 -1.5  6.   0. ]]" in shown


def test_torch_gets_the_words_of_x4_results():
    torch = pytest.importorskip("torch")

    @nki.jit
    def kernel(a):
        out = nl.ndarray((2, 2), dtype=nl.float8_e4m3fn_x4, buffer=nl.shared_hbm)
        tile = nl.ndarray((2, 2), dtype=nl.float8_e4m3fn_x4, buffer=nl.sbuf)
        nisa.memset(dst=tile, value=0)
        nisa.dma_copy(dst=out, src=tile)
        return out

    result = kernel(torch.zeros(2, 2))
    assert result.dtype == torch.uint32 and not result.to(torch.int64).any()


@pytest.mark.parametrize("name", ["bfloat16", "float8_e4m3fn", "float8_e5m2", "float8_e8m0fnu"])
def test_torch_tensors_of_small_types_go_in_and_out(name):
    torch = pytest.importorskip("torch")

    @nki.jit
    def kernel(a):
        seen.append(a.dtype)
        return a

    seen = []
    a = torch.tensor([[0.5, 1, 2, 64]]).to(getattr(torch, name))
    result = kernel(a)
    assert seen == [getattr(nl, name)]
    assert result.dtype == a.dtype and torch.equal(result.float(), a.float())


@pytest.mark.parametrize("name", OWN)
def test_command_line_arrays(name):
    for kind in ("zeros", "ones", "arange", "rand", "randn"):
        array = inputs.parse_value(f"{kind}:4x3:{name}:5", "a")
        assert array.dtype == getattr(nl, name) and array.shape == (4, 3)
    ones = inputs.parse_value(f"ones:4x3:{name}", "a")
    values = _dtypes.unpack(ones) if name in PACKED else ones.astype(np.float32)
    assert (values == 1).all()
