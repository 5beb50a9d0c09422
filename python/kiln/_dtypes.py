"""NKI's data types as objects NumPy understands, in the order of the C++ enum."""

import ml_dtypes
import numpy as np

from kiln import _core


class DType:
    """A type that NumPy does not have.

    Arrays of it hold structures of one field, which has the type's name: `dtype` is that structure.
    The two are equal and have one hash, so that either finds the other in a dict.
    """

    def __init__(self, name, field):
        self.name = name
        self.dtype = self.__numpy_dtype__ = np.dtype([(name, field)])
        self.itemsize = self.dtype.itemsize

    def __eq__(self, other):
        return other == self.dtype if isinstance(other, np.dtype) else self is other

    def __hash__(self):
        return hash(self.dtype)

    def __repr__(self):
        return self.name

    # Copies are the type itself.
    def __reduce__(self):
        return canonical, (self.name,)


_NUMPY = {
    "bool": np.bool_,
    "float16": np.float16,
    "float32": np.float32,
    "bfloat16": ml_dtypes.bfloat16,
    "float8_e4m3": ml_dtypes.float8_e4m3,
    "float8_e4m3fn": ml_dtypes.float8_e4m3fn,
    "float8_e5m2": ml_dtypes.float8_e5m2,
    "float8_e8m0fnu": ml_dtypes.float8_e8m0fnu,
    "float4_e2m1fn": ml_dtypes.float4_e2m1fn,
    **{name: name for name in ("int8", "int16", "int32", "uint8", "uint16", "uint32")},
}
_FIELD = {
    "tfloat32": "<f4",
    "float8_e5m2_x4": "<u4",
    "float8_e4m3fn_x4": "<u4",
    "float4_e2m1fn_x4": "<u2",
}

NAMES = tuple(_core.enum_names["dtype"])
MEMBERS = tuple(
    np.dtype(_NUMPY[name]) if name in _NUMPY else DType(name, _FIELD[name]) for name in NAMES
)
BY_NAME = dict(zip(NAMES, MEMBERS, strict=True))
_BY_NUMPY = {np.dtype(member): member for member in MEMBERS}

_core.register_members("dtype", list(MEMBERS))


def canonical(dtype):
    """The member for anything that names a type: a member, a NumPy or torch dtype, a string.

    Raises TypeError with the types there are.
    """
    name = str(dtype).rsplit(".", 1)[-1]
    if name in BY_NAME:
        return BY_NAME[name]
    try:
        return _BY_NUMPY[np.dtype(dtype)]
    except (TypeError, KeyError):
        near = _core.nearest(name, list(NAMES))
        hint = f"; did you mean {near}?" if near else ""
        raise TypeError(f"{name} is no NKI dtype{hint} (there are {', '.join(NAMES)})") from None


def is_packed(dtype):
    """Whether it is an x4 type: four elements in one."""
    return str(canonical(dtype)).endswith("_x4")


def unpack(array):
    """The elements of an x4 array as float32, four for one along the last axis."""
    words = np.ascontiguousarray(array)
    values = np.empty((*words.shape[:-1], words.shape[-1] * 4), np.float32)
    index = NAMES.index(str(canonical(array.dtype)))
    _core.unpack_to_float32(index, words.ctypes.data, values.ctypes.data, words.size)
    return values


def pack(values, dtype):
    """An x4 array of these numbers, one for four along the last axis."""
    member = canonical(dtype)
    values = np.ascontiguousarray(values, np.float32)
    if values.ndim == 0 or values.shape[-1] % 4:
        raise ValueError(f"{member} packs 4 elements; got an array of shape {values.shape}")
    words = np.empty((*values.shape[:-1], values.shape[-1] // 4), member)
    index = NAMES.index(str(member))
    _core.pack_from_float32(index, values.ctypes.data, words.ctypes.data, words.size)
    return words
