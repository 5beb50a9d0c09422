"""The storage types of NKI in NumPy: which there are, their bits, and rounding into them.

Not Kiln's conversions: ml_dtypes rounds to the small floating types, NumPy to the integers.
"""

import ml_dtypes
import numpy as np

_NUMPY = {
    **{name: name for name in ("int8", "int16", "int32", "uint8", "uint16", "uint32")},
    "bool": np.uint8,
    "float16": np.float16,
    "float32": np.float32,
    "tfloat32": np.float32,
    "bfloat16": ml_dtypes.bfloat16,
    "float8_e4m3": ml_dtypes.float8_e4m3,
    "float8_e4m3fn": ml_dtypes.float8_e4m3fn,
    "float8_e5m2": ml_dtypes.float8_e5m2,
    "float8_e8m0fnu": ml_dtypes.float8_e8m0fnu,
    "float8_e4m3fn_x4": np.uint32,
    "float8_e5m2_x4": np.uint32,
    "float4_e2m1fn_x4": np.uint16,
}

INTEGERS = ("int8", "int16", "int32", "uint8", "uint16", "uint32")
WORDS = ("int32", "uint32")
# Floating types that arithmetic is defined on; float8_e8m0fnu holds scales only.
FLOATS = (
    *("float32", "bfloat16", "float16", "tfloat32"),
    *("float8_e4m3", "float8_e5m2", "float8_e4m3fn"),
)
ARITHMETIC = INTEGERS + FLOATS
PACKED = ("float8_e4m3fn_x4", "float8_e5m2_x4", "float4_e2m1fn_x4")
ALL = (*ARITHMETIC, "bool", "float8_e8m0fnu", *PACKED)


class StorageType:
    """A storage type: NKI's name, the NumPy dtype that holds its elements, and the bits' dtype."""

    def __init__(self, name):
        self.name = name
        self.numpy = np.dtype(_NUMPY[name])
        self.bytes = self.numpy.itemsize
        self.bits = np.dtype(f"u{self.bytes}")
        self.is_integer = name in INTEGERS
        self.is_packed = name in PACKED
        self.is_float = not (self.is_integer or self.is_packed or name == "bool")

    def __repr__(self):
        return self.name

    def to_float32(self, bits):
        """Every element as the engines read it."""
        with np.errstate(all="ignore"):
            return bits.view(self.numpy).astype(np.float32)

    def from_float32(self, values):
        """The bits of float32 values stored in this type: to nearest even; integers saturate and
        have 0 for a NaN; what is not 0 is true."""
        values = np.asarray(values, np.float32)
        with np.errstate(all="ignore"):
            if self.name == "bool":
                return (values != 0).astype(np.uint8)
            if self.name == "tfloat32":
                return _to_tfloat32(values)
            if self.is_integer:
                limits = np.iinfo(self.numpy)
                rounded = np.clip(np.rint(values.astype(np.float64)), limits.min, limits.max)
                rounded = np.where(np.isnan(values), 0, rounded)
                return rounded.astype(np.int64).astype(self.numpy).view(self.bits)
            return np.ascontiguousarray(values.astype(self.numpy)).view(self.bits)

    def is_nan(self, bits):
        if not self.is_float:
            return np.zeros(np.shape(bits), bool)
        with np.errstate(all="ignore"):
            return np.isnan(bits.view(self.numpy).astype(np.float32))


def _to_tfloat32(values):
    """float32 with 10 bits of mantissa, to nearest even."""
    bits = values.view(np.uint32).astype(np.uint64)
    rounded = ((bits + 0xFFF + (bits >> np.uint64(13) & np.uint64(1))) >> np.uint64(13)) << (
        np.uint64(13)
    )
    return np.where(np.isnan(values), np.uint64(0x7FC00000), rounded).astype(np.uint32)


TYPES = {name: StorageType(name) for name in _NUMPY}


def round_trip(name, values):
    """float32 values after they have been stored in the type."""
    kind = TYPES[name]
    return kind.to_float32(kind.from_float32(values))
