"""The operators of the ALU table as NumPy functions of float32 arrays, and of integer bits."""

import numpy as np


def _truth(compare):
    return lambda a, b: compare(a, b).astype(np.float32)


def _by_magnitude(better):
    """a where |a| is better than |b|, else b: the documented tie goes to b."""
    return lambda a, b: np.where(better(np.abs(a), np.abs(b)), a, b)


ARITHMETIC = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "equal": _truth(np.equal),
    "not_equal": _truth(np.not_equal),
    "less": _truth(np.less),
    "less_equal": _truth(np.less_equal),
    "greater": _truth(np.greater),
    "greater_equal": _truth(np.greater_equal),
    "logical_and": _truth(np.logical_and),
    "logical_or": _truth(np.logical_or),
    "logical_xor": _truth(np.logical_xor),
}
# From gen4 on.
BY_MAGNITUDE = {"abs_max": _by_magnitude(np.greater), "abs_min": _by_magnitude(np.less)}
COMPARISONS = ("equal", "less", "less_equal", "greater", "greater_equal")

UNARY = {"abs": np.abs, "reciprocal": lambda a: np.float32(1) / a}
# From gen4 on.
UNARY_ADDED = {"square": np.square, "relu": lambda a: np.maximum(a, np.float32(0))}

BITWISE = {
    "bitwise_and": np.bitwise_and,
    "bitwise_or": np.bitwise_or,
    "bitwise_xor": np.bitwise_xor,
    "left_shift": np.left_shift,
    "right_shift": np.right_shift,
}
SHIFTS = ("left_shift", "right_shift")

REDUCTIONS = ("add", "subtract", "multiply", "maximum", "minimum")
LOGICAL_REDUCTIONS = ("logical_and", "logical_or", "logical_xor")
BITWISE_REDUCTIONS = ("bitwise_and", "bitwise_or", "bitwise_xor")

# Of equal zeros of different sign NKI does not say which is the larger one.
UNSIGNED_ZERO = ("maximum", "minimum", "relu")


def arithmetic(target):
    """The binary arithmetic operators of a generation."""
    return ARITHMETIC | BY_MAGNITUDE if target == "gen4" else ARITHMETIC


def unary(target):
    """The unary operators of a generation."""
    return UNARY | UNARY_ADDED if target == "gen4" else UNARY


def apply(name, a, b, reverse=False):
    """a op b, or b op a, in float32."""
    function = (ARITHMETIC | BY_MAGNITUDE)[name]
    a, b = np.float32(a), np.float32(b)
    with np.errstate(all="ignore"):
        return (function(b, a) if reverse else function(a, b)).astype(np.float32)


def apply_bits(name, a, b, reverse=False):
    """a op b of bit patterns; right shifts are logical."""
    return BITWISE[name](b, a) if reverse else BITWISE[name](a, b)


def accumulate(name, values, axis=-1):
    """All prefixes of a reduction in order, in float32."""
    with np.errstate(all="ignore"):
        if name in LOGICAL_REDUCTIONS:
            function = {"logical_and": np.minimum, "logical_or": np.maximum}.get(name)
            truth = (values != 0).astype(np.float32)
            if function is None:
                return np.mod(np.add.accumulate(truth, axis), 2).astype(np.float32)
            return function.accumulate(truth, axis)
        return ARITHMETIC[name].accumulate(values, axis, dtype=np.float32)


def reduce(name, values, axis=-1):
    """A reduction in order, in float32."""
    return np.take(accumulate(name, values, axis), -1, axis)


def reduce_rows(name, values):
    """One value a partition, of all free elements in order; shape (partitions, 1)."""
    return reduce(name, values.reshape(values.shape[0], -1))[:, None]
