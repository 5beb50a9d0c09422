"""NKI's data types as objects NumPy understands, in the order of the C++ enum."""

import ml_dtypes
import numpy as np

from kiln import _core


class DType:
    """A type that NumPy has no name for; arrays of it use a stand-in of the same size."""

    def __init__(self, name, stand_in):
        self.name = name
        self.dtype = np.dtype(stand_in)
        self.itemsize = self.dtype.itemsize

    def __repr__(self):
        return self.name

    __str__ = __repr__


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
_STAND_IN = {
    "tfloat32": np.uint32,
    "float8_e5m2_x4": np.uint32,
    "float8_e4m3fn_x4": np.uint32,
    "float4_e2m1fn_x4": np.uint16,
}

NAMES = tuple(_core.enum_names["dtype"])
MEMBERS = tuple(
    np.dtype(_NUMPY[name]) if name in _NUMPY else DType(name, _STAND_IN[name]) for name in NAMES
)
BY_NAME = dict(zip(NAMES, MEMBERS, strict=True))
_BY_NUMPY = {member: member for member in MEMBERS if isinstance(member, np.dtype)}

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


def numpy_dtype(dtype):
    """The dtype of a NumPy array that holds this type."""
    return getattr(dtype, "dtype", dtype) if isinstance(dtype, DType) else dtype
