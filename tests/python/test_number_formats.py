"""Number formats against ml_dtypes and NumPy, over every decision boundary of each type."""

import ml_dtypes
import numpy as np
import pytest

from kiln import _core, _dtypes

SMALL_FLOATS = (
    *("float16", "bfloat16", "float8_e4m3", "float8_e4m3fn", "float8_e5m2"),
    *("float8_e8m0fnu", "float4_e2m1fn"),
)
INTEGERS = ("int8", "int16", "int32", "uint8", "uint16", "uint32")


def widen(name, bits):
    """Kiln's float32 of stored elements."""
    bits = np.ascontiguousarray(bits)
    out = np.empty(bits.size, np.float32)
    _core.convert_to_float32(
        _dtypes.NAMES.index(name), bits.ctypes.data, out.ctypes.data, bits.size
    )
    return out


def narrow(name, values):
    """Kiln's stored elements of float32."""
    values = np.ascontiguousarray(values, np.float32)
    index = _dtypes.NAMES.index(name)
    out = np.empty(values.size, f"u{_core.dtype_bytes(index)}")
    _core.convert_from_float32(index, values.ctypes.data, out.ctypes.data, values.size)
    return out


def all_bits(name):
    dtype = np.dtype(getattr(ml_dtypes, name, name))
    count = 16 if name == "float4_e2m1fn" else 256**dtype.itemsize
    return np.arange(count, dtype=f"u{dtype.itemsize}"), dtype


def boundaries(name):
    """Every value of a type, every midpoint of neighbours, and their float32 neighbours."""
    bits, dtype = all_bits(name)
    with np.errstate(invalid="ignore"):
        values = np.unique(bits.view(dtype).astype(np.float64))
    values = values[np.isfinite(values)]
    middles = (values[:-1] + values[1:]) / 2
    edge = values[-1] + (values[-1] - values[-2]) / 2
    points = np.concatenate([values, middles, [edge, -edge]]).astype(np.float32)
    up, down = np.nextafter(points, np.inf), np.nextafter(points, -np.inf)
    special = np.float32([0.0, -0.0, np.inf, -np.inf, np.nan, 1e-45, -1e-45, 3.4e38, -3.4e38])
    return np.concatenate([points, up, down, special])


def random_floats(count, seed):
    print(f"seed {seed}")
    bits = np.random.default_rng(seed).integers(0, 2**32, count, dtype=np.uint32)
    return bits.view(np.float32)


def assert_same_numbers(got, expected):
    """Equal, with any NaN for a NaN, and signs of zeros equal."""
    both_nan = np.isnan(got) & np.isnan(expected)
    same = (got.view(np.uint32) == expected.view(np.uint32)) | both_nan
    assert same.all(), (got[~same][:5], expected[~same][:5])


@pytest.mark.parametrize("name", SMALL_FLOATS)
def test_widening_every_bit_pattern(name):
    bits, dtype = all_bits(name)
    with np.errstate(invalid="ignore"):
        expected = bits.view(dtype).astype(np.float32)
    assert_same_numbers(widen(name, bits), expected)


@pytest.mark.parametrize("name", SMALL_FLOATS)
def test_narrowing_at_every_boundary_and_at_random(name):
    values = np.concatenate([boundaries(name), random_floats(2_000_000, seed=7)])
    bits, dtype = all_bits(name)
    with np.errstate(all="ignore"):
        expected = values.astype(dtype)
        got = narrow(name, values).view(dtype)
        assert_same_numbers(got.astype(np.float32), expected.astype(np.float32))


@pytest.mark.parametrize("name", INTEGERS)
def test_integers_round_to_even_and_saturate(name):
    limits = np.iinfo(name)
    near = np.array([limits.min, limits.max], np.float64)
    points = np.concatenate(
        [np.arange(-300, 300, 0.25), near, near + 1, near - 1, near * 2, [np.inf, -np.inf]]
    ).astype(np.float32)
    values = np.concatenate([points, random_floats(200_000, seed=8)])
    values = values[~np.isnan(values)]
    rounded = np.rint(values.astype(np.float64))
    expected = np.clip(rounded, limits.min, limits.max).astype(np.int64).astype(name)
    np.testing.assert_array_equal(narrow(name, values).view(name), expected)
    assert narrow(name, [np.nan]).view(name)[0] == 0


@pytest.mark.parametrize("name", INTEGERS)
def test_integers_widen_as_numpy_does(name):
    limits = np.iinfo(name)
    rng = np.random.default_rng(9)
    values = rng.integers(limits.min, limits.max, 100_000, dtype=name, endpoint=True)
    bits = values.view(f"u{values.itemsize}")
    np.testing.assert_array_equal(widen(name, bits), values.astype(np.float32))


def test_tfloat32_keeps_ten_mantissa_bits():
    values = random_floats(1_000_000, seed=10)
    values = values[np.isfinite(values)]
    bits = values.view(np.uint32).astype(np.uint64)
    # To nearest even at bit 13.
    expected = ((bits + 0xFFF + (bits >> 13 & 1)) & ~np.uint64(0x1FFF)).astype(np.uint32)
    np.testing.assert_array_equal(narrow("tfloat32", values), expected)
    assert_same_numbers(widen("tfloat32", expected), expected.view(np.float32))


def test_bool_is_not_zero():
    got = narrow("bool", [0.0, -0.0, 1.0, -3.0, np.nan, 1e-45])
    np.testing.assert_array_equal(got, [0, 0, 1, 1, 1, 1])


@pytest.mark.parametrize("name", ["float4_e2m1fn", "float8_e4m3fn", "float8_e5m2"])
def test_packed_types_hold_four_elements_each(name):
    packed = _dtypes.NAMES.index(f"{name}_x4")
    bits = 4 if name == "float4_e2m1fn" else 8
    words = np.random.default_rng(11).integers(0, 2 ** (4 * bits), 100_000, dtype=np.uint64)
    words = words.astype(f"u{_core.dtype_bytes(packed)}")
    elements = np.stack([words >> (bits * k) & (2**bits - 1) for k in range(4)], 1)
    with np.errstate(invalid="ignore"):
        dtype = np.dtype(getattr(ml_dtypes, name))
        expected = elements.astype(np.uint8).view(dtype).astype(np.float32)
    values = np.empty(expected.shape, np.float32)
    _core.unpack_to_float32(packed, words.ctypes.data, values.ctypes.data, words.size)
    assert_same_numbers(values.ravel(), expected.ravel())
    finite = words[np.isfinite(values).all(1)]
    values = np.ascontiguousarray(values[np.isfinite(values).all(1)])
    again = np.empty_like(finite)
    _core.pack_from_float32(packed, values.ctypes.data, again.ctypes.data, again.size)
    np.testing.assert_array_equal(again, finite)
