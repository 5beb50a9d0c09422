"""The number formats that the NKI Library's tests import from `neuron_dtypes`, on ml_dtypes.

The x4 formats hold four elements of the last axis in one word, the first in the lowest bits; arrays
of them are arrays of words whose type carries the format's name. Nothing here uses Kiln: the tests'
references are made with it.
"""

import ml_dtypes
import numpy as np


def _packed(name, word):
    return np.dtype([(name, word)])


float8_e4m3fn_x4 = _packed("float8_e4m3fn_x4", "<u4")
float8_e5m2_x4 = _packed("float8_e5m2_x4", "<u4")
float4_e2m1fn_x4 = _packed("float4_e2m1fn_x4", "<u2")
bfloat16 = np.dtype(ml_dtypes.bfloat16)
float8_e4m3 = np.dtype(ml_dtypes.float8_e4m3)
float8_e4m3fn = np.dtype(ml_dtypes.float8_e4m3fn)
float8_e5m2 = np.dtype(ml_dtypes.float8_e5m2)

finfo = ml_dtypes.finfo

# The type of one element of a packed format, and how many bits it takes.
_ELEMENT = {
    float8_e4m3fn_x4: (ml_dtypes.float8_e4m3fn, 8),
    float8_e5m2_x4: (ml_dtypes.float8_e5m2, 8),
    float4_e2m1fn_x4: (ml_dtypes.float4_e2m1fn, 4),
}


def _dtype(dtype):
    """The NumPy type for a type, or for a name, also of those that only this module has."""
    named = globals().get(dtype) if isinstance(dtype, str) else None
    return named if isinstance(named, np.dtype) else np.dtype(dtype)


def static_cast(array, dtype):
    """The array converted to a type; from a packed one its last axis is four times as long."""
    array, dtype = np.asarray(array), _dtype(dtype)
    if array.dtype == dtype:
        return array
    if array.dtype in _ELEMENT:
        array = _unpack(array)
    return _pack(array, dtype) if dtype in _ELEMENT else array.astype(dtype)


def _unpack(array):
    element, bits = _ELEMENT[array.dtype]
    words = np.ascontiguousarray(array).view(f"<u{array.dtype.itemsize}")[..., np.newaxis]
    codes = words >> np.arange(0, 4 * bits, bits, dtype=words.dtype) & ((1 << bits) - 1)
    values = codes.astype(np.uint8).view(element).astype(np.float32)
    return values.reshape(*array.shape[:-1], 4 * array.shape[-1])


def _pack(array, dtype):
    element, bits = _ELEMENT[dtype]
    word = np.dtype(f"<u{dtype.itemsize}")
    codes = np.asarray(array, np.float32).astype(element).view(np.uint8).astype(word)
    codes = codes.reshape(*codes.shape[:-1], codes.shape[-1] // 4, 4)
    words = np.bitwise_or.reduce(codes << np.arange(0, 4 * bits, bits, dtype=word), axis=-1)
    return np.ascontiguousarray(words).view(dtype)


def is_packed(dtype):
    """Whether it is one of the x4 formats."""
    return dtype in _ELEMENT


def is_float_type(dtype):
    """Whether the type holds floating-point numbers."""
    dtype = _dtype(dtype)
    return dtype.kind == "f" or "float" in dtype.name


def sizeinbytes(dtype):
    """Bytes of one element, or of one word of a packed type."""
    return _dtype(dtype).itemsize
