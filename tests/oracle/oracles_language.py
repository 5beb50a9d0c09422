"""Oracles of nl's functions, which Kiln builds on instructions.

Each draws operands and returns a Case whose one call applies the function to tiles in SBUF and
stores the result in HBM. Those that apply several instructions round in between as they like: a
tolerance of a few roundings of their type.
"""

import math

import activation_functions as functions
import nki.isa as nisa
import nki.language as nl
import numpy as np
import operators
from case import Case, near_numbers, same_bits, same_integers, same_numbers
from mirror import Storage, View, dtype_of
from storage_types import TYPES

FUNCTIONS = {}

# What float32 arithmetic in a few steps may lose, relative to the largest intermediate.
_FEW_ROUNDINGS = 2.0**-19


def function(*names, targets=("gen2", "gen3", "gen4")):
    """Registers draw(generator, name) for these functions of nl."""

    def register(draw):
        FUNCTIONS.update(dict.fromkeys(names, (draw, targets)))
        return draw

    return register


def applied(name, shape, type, operands, keywords=None, positional=()):
    """(view of the result in HBM, calls): nl.name(*operands, *positional, **keywords) stored."""
    out = View.whole(Storage("hbm", type, np.zeros(shape, TYPES[type].bits)))

    def store(out, operands):
        result = getattr(nl, name)(*operands, *positional, **(keywords or {}))
        assert tuple(result.shape) == tuple(shape), (tuple(result.shape), tuple(shape))
        assert result.dtype == dtype_of(type), (result.dtype, type)
        result = nl.copy(result) if result.buffer == nl.psum else result
        nisa.dma_copy(dst=out, src=result)

    store.__name__ = f"nl.{name}"
    return out, [(store, {"out": out, "operands": list(operands)})]


def _shape(g, most=3):
    partitions = g.partitions()
    return (partitions, *g.dims(g.elements(partitions, 200), most))


def _type(g):
    return g.pick(("float32", "float32", "bfloat16", "float16"))


def _cast(g, type):
    """({"dtype": …} or nothing, the result's type)."""
    if g.chance(0.3):
        other = g.pick(("float32", "bfloat16", "float16"))
        return {"dtype": dtype_of(other)}, other
    return {}, type


# Element by element.


@function(*operators.ARITHMETIC)
def binary(g, name):
    shape, type = _shape(g), _type(g)
    x = g.tile(shape, type, values="finite")
    if g.chance(0.3):
        number = g.pick((0.5, -3.0, 2.0))
        y, other = number, np.full(shape, number, np.float32)
    else:
        y = g.tile(shape, type, values="finite")
        other = y.values()
    keywords, result_type = _cast(g, type)
    out, calls = applied(name, shape, result_type, [x, y], keywords)
    result = operators.apply(name, x.values(), other)
    return Case(calls, [same_numbers(out, result, True)])


@function("abs_max", "abs_min", targets=("gen4",))
def by_magnitude(g, name):
    return binary(g, name)


@function("power")
def power(g, name):
    shape = _shape(g)
    x, y = g.tile(shape, "float32", values=(0.1, 4)), g.tile(shape, "float32", values=(-3, 3))
    out, calls = applied(name, shape, "float32", [x, y])
    result = x.values().astype(np.float64) ** y.values()
    return Case(calls, [near_numbers(out, result, functions.RELATIVE)])


@function(*operators.BITWISE)
def bitwise(g, name):
    shape, type = _shape(g), g.integer_type()
    most = 8 * TYPES[type].bytes - 1 if name in operators.SHIFTS else 100
    x, y = g.tile(shape, type, values="any"), g.tile(shape, type, values=(0, most))
    out, calls = applied(name, shape, type, [x, y])
    return Case(calls, [same_bits(out, operators.apply_bits(name, x.bits(), y.bits()))])


@function("invert")
def invert(g, name):
    shape, type = _shape(g), g.integer_type()
    x = g.tile(shape, type, values="any")
    out, calls = applied(name, shape, type, [x])
    return Case(calls, [same_bits(out, ~x.bits())])


@function("logical_not")
def logical_not(g, name):
    shape, type = _shape(g), g.pick(("uint8", "int32"))
    x = g.tile(shape, type, values=(0, 1))
    out, calls = applied(name, shape, type, [x])
    return Case(calls, [same_integers(out, 1 - x.integers())])


@function(*(n for n in functions.FUNCTIONS if n not in ("reciprocal", "sin", "arctan")))
def activation(g, name):
    shape, type = _shape(g), _type(g)
    x = g.tile(shape, type, values=functions.input_range(name))
    keywords, result_type = _cast(g, type)
    out, calls = applied(name, shape, result_type, [x], keywords)
    result = functions.evaluate(name, x.values())
    if name in functions.EXACT:
        return Case(calls, [same_numbers(out, result, True)])
    return Case(calls, [near_numbers(out, result, functions.RELATIVE, functions.ABSOLUTE)])


_UNARY = {
    # name: (function, range, exact). sin and its kin are right for all angles.
    "reciprocal": (lambda x: np.float32(1) / x, (0.01, 100), True),
    "negative": (np.negative, (-100, 100), True),
    "floor": (np.floor, (-100, 100), True),
    "ceil": (np.ceil, (-100, 100), True),
    "trunc": (np.trunc, (-100, 100), True),
    "sin": (np.sin, (-30, 30), False),
    "cos": (np.cos, (-30, 30), False),
    "tan": (np.tan, (-1.4, 1.4), False),
    "arctan": (np.arctan, (-100, 100), False),
}


@function(*_UNARY)
def unary(g, name):
    function, values, exact = _UNARY[name]
    shape = _shape(g)
    x = g.tile(shape, "float32", values=values)
    out, calls = applied(name, shape, "float32", [x])
    if exact:
        return Case(calls, [same_numbers(out, function(x.values()), True)])
    result = function(x.values().astype(np.float64))
    # Reducing an angle costs a rounding of the angle.
    return Case(calls, [near_numbers(out, result, 2.0**-17, 2.0**-18)])


# Reductions along the last dimensions.


def _reduced(g):
    """(operand, axis argument, shape of what stays, its shape with the reduced dimensions)."""
    shape, type = _shape(g), _type(g)
    count = g.integer(1, len(shape) - 1)
    axis = tuple(range(len(shape) - count, len(shape)))
    kept = shape[: len(shape) - count]
    given = g.pick((axis, list(axis))) if count > 1 else g.pick((axis[0], [axis[0]], -1))
    return shape, type, given, kept, count


@function("sum", "prod", "max", "min", "mean")
def reduction(g, name):
    shape, type, axis, kept, count = _reduced(g)
    values = (0.9, 1.1) if name == "prod" else "finite"
    x = g.tile(shape, type, values=values)
    keywords, result_type = _cast(g, type)
    keepdims = g.chance(0.4)
    if keepdims:
        keywords["keepdims"] = True
    result_shape = kept + (1,) * count if keepdims else kept + (1,) * (len(kept) == 1)
    out, calls = applied(name, result_shape, result_type, [x], keywords, [axis])
    rows = x.values().reshape(*kept, -1)
    op = {"sum": "add", "prod": "multiply", "max": "maximum", "min": "minimum", "mean": "add"}[name]
    result = operators.reduce(op, rows)
    if name != "mean":
        return Case(calls, [same_numbers(out, result, True)])
    scale = np.abs(rows).max() * _FEW_ROUNDINGS
    return Case(calls, [near_numbers(out, result.astype(np.float64) / rows.shape[-1], 0, scale)])


@function("var")
def variance(g, name):
    """Always with the reduced dimensions kept."""
    shape, _, axis, kept, count = _reduced(g)
    x = g.tile(shape, "float32", values=(-3, 3))
    out, calls = applied(name, kept + (1,) * count, "float32", [x], {}, [axis])
    result = x.values().reshape(*kept, -1).astype(np.float64).var(-1)
    return Case(calls, [near_numbers(out, result, 2.0**-14, 2.0**-14)])


@function("all")
def every(g, name):
    shape, _, axis, kept, _ = _reduced(g)
    x = g.tile(shape, "float32", values="whole")
    out, calls = applied(name, kept + (1,) * (len(kept) == 1), "float32", [x], {}, [axis])
    result = (x.values().reshape(*kept, -1) != 0).all(-1)
    return Case(calls, [same_numbers(out, result.astype(np.float32))])


@function("softmax")
def softmax(g, name):
    shape, type = _shape(g, most=1), _type(g)
    x = g.tile(shape, type, values=(-5, 5))
    out, calls = applied(name, shape, type, [x], g.pick(({}, {"axis": 1}, {"axis": -1})))
    exps = np.exp(x.values().astype(np.float64) - x.values().max(1, keepdims=True))
    # The intermediate tiles may have the operand's type.
    relative = {"float32": 2.0**-16}.get(type, 2.0**-5)
    return Case(calls, [near_numbers(out, exps / exps.sum(1, keepdims=True), relative, 2.0**-20)])


@function("rms_norm")
def rms_norm(g, name):
    shape = _shape(g, most=1)
    x, w = g.tile(shape, "float32", values=(-3, 3)), g.tile(shape, "float32", values=(0.5, 2))
    epsilon = g.pick((1e-6, 1e-2))
    keywords = {"axis": 1, "n": shape[1], "epsilon": epsilon}
    out, calls = applied(name, shape, "float32", [x, w], keywords)
    values = x.values().astype(np.float64)
    rms = np.sqrt((values**2).mean(1, keepdims=True) + epsilon)
    return Case(calls, [near_numbers(out, values / rms * w.values(), 2.0**-14, 2.0**-20)])


@function("where")
def where(g, name):
    shape, type = _shape(g), _type(g)
    condition = g.tile(shape, "float32", values=(0, 1))
    truth = np.rint(condition.values())
    condition = g.filled("float32", truth.view(np.uint32))
    x, y = g.tile(shape, type, values="finite"), g.tile(shape, type, values="finite")
    out, calls = applied(name, shape, type, [condition, x, y])
    return Case(calls, [same_bits(out, np.where(truth != 0, x.bits(), y.bits()))])


# New tensors, shapes, movement.


@function("full", "ones", "zeros")
def filled(g, name):
    shape, type = _shape(g), g.pick(("float32", "bfloat16", "int32", "uint8", "float8_e4m3"))
    value = {"ones": 1, "zeros": 0}.get(name, g.integer(0, 100))
    positional = [shape, value] if name == "full" else [shape]
    out, calls = applied(name, shape, type, [], {"dtype": dtype_of(type)}, positional)
    return Case(calls, [same_numbers(out, np.full(shape, value))])


@function("zeros_like")
def zeros_like(g, name):
    shape, type = _shape(g), _type(g)
    x = g.tile(shape, type, values="finite")
    keywords, result_type = _cast(g, type)
    out, calls = applied(name, shape, result_type, [x], keywords)
    return Case(calls, [same_numbers(out, np.zeros(shape))])


@function("expand_dims")
def expand_dims(g, name):
    shape, type = _shape(g), _type(g)
    x = g.tile(shape, type, values="any")
    axis = g.integer(1, len(shape))
    out, calls = applied(name, np.expand_dims(x.bits(), axis).shape, type, [x], {}, [axis])
    return Case(calls, [same_bits(out, np.expand_dims(x.bits(), axis))])


@function("broadcast_to")
def broadcast_to(g, name):
    shape, type = _shape(g), _type(g)
    small = tuple(1 if i and g.chance(0.5) else n for i, n in enumerate(shape))
    x = g.tile(small, type, values="any")
    out, calls = applied(name, shape, type, [x], {}, [shape])
    return Case(calls, [same_bits(out, np.broadcast_to(x.bits(), shape))])


@function("transpose")
def transpose(g, name):
    type = "float32" if g.target == "gen2" else g.pick(("float32", "bfloat16"))
    shape = (g.size(128), g.size(128))
    x = g.tile(shape, type, values="finite")
    out, calls = applied(name, shape[::-1], type, [x])
    return Case(calls, [same_bits(out, x.bits().T)])


@function("matmul")
def matmul(g, name):
    """Of whole numbers: the product's order of sums is that of the instruction."""
    rows, inner, columns = g.size(128), g.size(128), g.size(300)
    transposed = g.chance(0.5)
    type = "float32" if g.target == "gen2" else g.pick(("float32", "bfloat16"))
    x = g.tile((inner, rows) if transposed else (rows, inner), type, values="whole")
    y = g.tile((inner, columns), type, values="whole")
    keywords = {"transpose_x": True} if transposed else {}
    out, calls = applied(name, (rows, columns), "float32", [x, y], keywords)
    left = x.values().T if transposed else x.values()
    return Case(calls, [same_numbers(out, left @ y.values(), True)])


@function("load")
def load(g, name):
    shape, type = _shape(g), _type(g)
    x = g.tile(shape, type, "hbm", values="finite")
    keywords, result_type = _cast(g, type)
    out, calls = applied(name, shape, result_type, [x], keywords)
    return Case(calls, [same_numbers(out, x.values())])


# For gen2 the source would have to be an argument.
@function("load_transpose2d", targets=("gen3", "gen4"))
def load_transpose2d(g, name):
    shape, type = (g.size(128), g.size(128)), g.pick(("float32", "bfloat16"))
    x = g.tile(shape, type, "hbm", values="any")
    out, calls = applied(name, shape[::-1], type, [x])
    return Case(calls, [same_bits(out, x.bits().T)])


@function("shared_identity_matrix")
def identity(g, name):
    size, type = g.size(128), g.pick(("uint8", "float32", "bfloat16"))
    keywords = {"dtype": dtype_of(type)} if type != "uint8" or g.chance(0.5) else {}
    out, calls = applied(name, (size, size), type, [], keywords, [size])
    return Case(calls, [same_numbers(out, np.eye(size))])


@function("shared_constant")
def constant(g, name):
    shape, type = _shape(g), g.pick(("float32", "bfloat16", "int32", "uint8"))
    bits = g.bits(type, shape, "any")
    out, calls = applied(name, shape, type, [], {}, [bits.view(TYPES[type].numpy)])
    return Case(calls, [same_bits(out, bits)])


@function("gather_flattened")
def gather_flattened(g, name):
    partitions = g.partitions()
    type = g.pick(("float32", "bfloat16"))
    data = g.tile((partitions, g.elements(partitions)), type, values="any")
    at = g.rng.integers(0, data.elements, (partitions, g.elements(partitions)))
    indices = g.filled("uint32", at.astype(np.uint32))
    out, calls = applied(name, at.shape, type, [data, indices])
    return Case(calls, [same_bits(out, np.take_along_axis(data.bits(), at, 1))])


@function("dropout")
def dropout(g, name):
    shape = _shape(g)
    x = g.tile(shape, "float32", values=(1, 2))
    rate = g.pick((0.0, 1.0))
    out, calls = applied(name, shape, "float32", [x], {}, [rate])
    return Case(calls, [same_numbers(out, x.values() * np.float32(1 - rate))])


@function("random_seed")
def random_seed(g, name):
    """The same seed gives the same random numbers."""
    shape = _shape(g)
    seed = g.filled("int32", np.full((1, 1), g.integer(0, 1 << 20), np.uint32))
    outs = [View.whole(Storage("hbm", "float32", np.zeros(shape, np.uint32))) for _ in range(2)]

    def draw(outs, seed):
        for out in outs:
            nl.random_seed(seed)
            nisa.dma_copy(dst=out, src=nl.rand(shape, dtype=nl.float32))

    def check(held):
        assert np.array_equal(*(held(out) for out in outs)), "the same seed gave other numbers"

    return Case([(draw, {"outs": outs, "seed": seed})], [], check, outs)


@function("rand")
def rand(g, name):
    shape = _shape(g)
    out, calls = applied(name, shape, "float32", [], {"dtype": nl.float32}, [shape])

    def check(held):
        values = held(out).view(np.float32).astype(np.float64)
        assert values.min() >= 0 and values.max() <= 1, (values.min(), values.max())
        assert abs(values.mean() - 0.5) <= 6 / math.sqrt(12 * values.size), values.mean()

    return Case(calls, [], check, [out])
