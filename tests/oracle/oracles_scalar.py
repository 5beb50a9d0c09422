"""Oracles of the activation functions, on the scalar engine and the vector engine."""

import activation_functions as functions
import nki.isa as nisa
import nki.language as nl
import numpy as np
import operators
from case import Case, near_numbers, oracle, same_numbers
from storage_types import TYPES


def activated(dst, name, x):
    """dst holds the function of x: exactly, or within the engine's error."""
    values = functions.evaluate(name, x)
    if name in functions.EXACT:
        return same_numbers(dst, values, unsigned_zero=name in ("relu", "copy", "sign"))
    return near_numbers(dst, values, functions.RELATIVE, functions.ABSOLUTE)


def _power_of_two(g, partitions):
    """A factor that rounds nothing: a number or a column, and its values as a column."""
    if g.chance(0.5):
        number = g.pick((0.5, -1.0, 2.0))
        return number, np.full((partitions, 1), number, np.float32)
    powers = g.pick((0.25, -0.5, 4.0)) * 2.0 ** g.rng.integers(0, 2, (partitions, 1))
    column = g.filled("float32", powers.astype(np.float32).view(np.uint32))
    return column, column.values()


def _affine(g, shape):
    """(scale, bias as arguments, and as float32 columns). Scales are powers of two: NKI does not
    say whether data * scale is rounded before the bias is added."""
    partitions = shape[0]
    given, columns = (
        {},
        [np.ones((partitions, 1), np.float32), np.zeros((partitions, 1), np.float32)],
    )
    if g.chance(0.5):
        given["scale"], columns[0] = _power_of_two(g, partitions)
    if g.chance(0.5):
        bias = g.pick((0.5, -1.25))
        if g.target == "gen2" or g.chance(0.5):
            type = g.pick(("float32", "bfloat16", "float16"))
            bias = g.column(partitions, type, values=(-1, 1))
        given["bias"] = bias
        columns[1] = bias.values() if hasattr(bias, "values") else np.full((partitions, 1), bias)
    return given, np.float32(columns[0]), np.float32(columns[1])


def _within(g, name, scale, bias, shape):
    """Inputs whose scaled and shifted values lie in the function's valid range."""
    low, high = functions.input_range(name)
    if name in ("log", "sqrt", "rsqrt"):
        low = 0.01
        high = 100.0
    wanted = g.rng.uniform(low, high, (shape[0], int(np.prod(shape[1:]))))
    return ((wanted - bias) / scale).reshape(shape)


def _data(g, name, shape, scale, bias, memory):
    """A tile of inputs, and the float32 argument of the function."""
    low, high = functions.input_range(name)
    for _ in range(8):
        type = g.float_type() if low < 0 else g.pick(("float32", "bfloat16", "float16"))
        wanted = _within(g, name, scale, bias, shape)
        data = g.filled(type, TYPES[type].from_float32(wanted), memory)
        x = data.values().reshape(shape[0], -1)
        with np.errstate(all="ignore"):
            x = x * scale + bias
        if ((x >= low) & (x <= high)).all() and x.dtype == np.float32:
            return data, x
    return None, None


def _total(values):
    """The sum of each row in order, in float32."""
    return operators.reduce("add", values.reshape(values.shape[0], -1))[:, None]


def sums_of(held, dst, result, start=None):
    """Checks a float32 sum of what was written, in order, bit for bit."""
    values = held(dst).view(np.float32).reshape(dst.partitions, -1)
    total = _total(values if start is None else np.concatenate([start, values], 1))
    got = held(result).view(np.float32)
    assert np.array_equal(got, total), f"the sum is {got.ravel()[:4]}, not {total.ravel()[:4]}"


@oracle("activation", count=700)
def activation(g):
    shape = (g.partitions(),)
    shape = (*shape, *g.dims(g.elements(shape[0]), most=3))
    name = g.pick(functions.FUNCTIONS)
    given, scale, bias = _affine(g, shape)
    if name == "reciprocal" and g.target == "gen2":
        # On gen2 a reciprocal has no bias.
        given.pop("bias", None)
        bias = np.zeros_like(bias)
    data, x = _data(g, name, shape, scale, bias, g.memory())
    if data is None:
        return None
    arguments = {"op": getattr(nl, name), "data": data, **given}
    if g.chance(0.4):
        return _activation_with_sum(g, arguments, shape, name, x)
    dst = g.tile(shape, g.arithmetic_type(), g.memory(), "finite", written=True)
    return Case([("activation", {"dst": dst, **arguments})], [activated(dst, name, x)])


def _activation_with_sum(g, arguments, shape, name, x):
    """A chain that resets the accumulators, adds twice, and reads them; in float32, where it is
    plain what is added."""
    add = {"reduce_op": nl.add}
    first = g.tile(shape, "float32", "sbuf", "finite", written=True)
    second = g.tile(shape, "float32", "sbuf", "finite", written=True)
    result = g.column(shape[0], "float32", g.memory(), written=True)
    reset, reduce = nisa.reduce_cmd.reset_reduce, nisa.reduce_cmd.reduce
    calls = [("activation", {"dst": first, **arguments, **add, "reduce_cmd": reset})]
    if g.chance(0.5):
        # What was added before a reset does not count.
        calls.insert(0, calls[0])
    if g.chance(0.3):
        reset = nisa.reduce_cmd.reset
        calls = [("activation", {"dst": first, **arguments, **add, "reduce_cmd": reset})]
        calls.append(("activation", {**calls[0][1], "reduce_cmd": reduce}))
    calls.append(("activation", {"dst": second, **arguments, "reduce_cmd": nisa.reduce_cmd.idle}))
    calls.append(("activation", {"dst": second, **arguments, **add, "reduce_cmd": reduce}))
    calls[-1][1]["reduce_res"] = result

    def check(held):
        start = _total(held(first).view(np.float32))
        sums_of(held, second, result, start)

    expect = [activated(first, name, x), activated(second, name, x)]
    return Case(calls, expect, check, [result])


@oracle("activation_reduce", count=200)
def activation_reduce(g):
    shape = (g.partitions(),)
    shape = (*shape, *g.dims(g.elements(shape[0]), most=3))
    name = g.pick(functions.FUNCTIONS)
    given, scale, bias = _affine(g, shape)
    if name == "reciprocal":
        given.pop("bias", None)
        bias = np.zeros_like(bias)
    data, x = _data(g, name, shape, scale, bias, g.memory())
    if data is None:
        return None
    dst = g.tile(shape, "float32", g.memory(), "finite", written=True)
    result = g.column(shape[0], "float32", g.memory(), written=True)
    arguments = {"dst": dst, "op": getattr(nl, name), "data": data, "reduce_op": nl.add}
    arguments |= {"reduce_res": result, **given}
    expect = [activated(dst, name, x)]
    return Case(
        [("activation_reduce", arguments)],
        expect,
        lambda held: sums_of(held, dst, result),
        [result],
    )


# From gen4 on.


_STAGES = (
    ("multiply", "add"),
    ("multiply", "subtract"),
    ("multiply", "bypass"),
    ("add", "bypass"),
    ("subtract", "bypass"),
    ("bypass", "bypass"),
)


def _column_or_number(g, partitions):
    if g.chance(0.5):
        number = g.pick((0.5, -0.75, 1.25))
        return number, np.full((partitions, 1), number, np.float32)
    column = g.column(partitions, values=(0.5, 1.5))
    return column, column.values()


@oracle("activate2", count=300, targets=("gen4",))
def activate2(g):
    shape = (g.partitions(),)
    shape = (*shape, *g.dims(g.elements(shape[0]), most=3))
    name = g.pick([*functions.FUNCTIONS, "prelu"])
    names = g.pick(_STAGES)
    data = g.tile(shape, g.float_type(), g.memory(), (-2, 2))
    x = data.values().reshape(shape[0], -1)
    arguments = {"op": getattr(nl, name), "data": data}
    for step, stage in enumerate(names):
        # NKI does not say whether a product is rounded before the sum: factors are powers of two.
        number, values = (_power_of_two if stage == "multiply" else _column_or_number)(g, shape[0])
        arguments |= {f"imm{step}": number, f"op{step}": getattr(nl, stage)}
        if stage == "bypass":
            arguments[f"imm{step}"] = 0.0
            continue
        reverse = g.chance(0.3)
        if reverse:
            arguments[f"reverse{step}"] = True
        x = operators.apply(stage, x, values, reverse)
    slope = 0.0
    if name == "prelu":
        slope = g.pick((0.25, 0.5))
        arguments["relu_param"] = slope
        values = np.where(x > 0, x, np.float32(slope) * x)
    else:
        low, high = functions.input_range(name)
        if not ((x >= low) & (x <= high)).all():
            return None
        values = None
    dst = g.tile(shape, "float32", g.memory(), "finite", written=True)
    expected = (
        same_numbers(dst, values, unsigned_zero=True)
        if name == "prelu"
        else activated(dst, name, x)
    )
    arguments["dst"] = dst
    if g.chance(0.5):
        return Case([("activate2", arguments)], [expected])
    reduction = g.pick(("add", "maximum", "minimum", "abs_max", "abs_min"))
    result = g.column(shape[0], "float32", g.memory(), written=True)
    arguments |= {"reduce_op": getattr(nl, reduction), "reduce_res": result}
    arguments["reduce_cmd"] = nisa.reduce_cmd.reset_reduce
    return Case(
        [("activate2", arguments)],
        [expected],
        lambda held: _reduced(held, dst, result, reduction),
        [result],
    )


def _reduced(held, dst, result, reduction):
    values = held(dst).view(np.float32).reshape(dst.partitions, -1)
    if reduction in ("abs_max", "abs_min"):
        best = np.abs(values).max(1) if reduction == "abs_max" else np.abs(values).min(1)
        got = np.abs(held(result).view(np.float32)[:, 0])
    else:
        best, got = operators.reduce(reduction, values), held(result).view(np.float32)[:, 0]
    assert np.array_equal(got, best), f"{reduction} gave {got[:4]}, not {best[:4]}"


@oracle("exponential", count=200, targets=("gen4",))
def exponential(g):
    shape = (g.partitions(),)
    shape = (*shape, *g.dims(g.elements(shape[0]), most=3))
    floats = ("float32", "bfloat16", "float16", "float8_e4m3", "float8_e5m2")
    src = g.tile(shape, g.pick((*floats, "int8", "int32")), g.memory(), (-8, 8))
    arguments = {"src": src}
    top = np.zeros((shape[0], 1), np.float32)
    if g.chance(0.7):
        arguments["max_value"], top = _column_or_number(g, shape[0])
    x = src.values().reshape(shape[0], -1) - top
    reducing = g.chance(0.5)
    dst_type = "float32" if reducing else g.pick((*floats, "tfloat32", "int16", "uint8"))
    dst = g.tile(shape, dst_type, g.memory(), "finite", written=True)
    arguments = {"dst": dst, **arguments}
    expected = activated(dst, "exp", x)
    if not reducing:
        return Case([("exponential", arguments)], [expected])
    command = g.pick(("reset_reduce", "load_reduce"))
    start = None
    if command == "load_reduce":
        arguments["reduce_init"], start = _column_or_number(g, shape[0])
    result = g.column(shape[0], "float32", g.memory(), written=True)
    arguments |= {"reduce_res": result, "reduce_cmd": nisa.reduce_cmd[command]}
    return Case(
        [("exponential", arguments)],
        [expected],
        lambda held: sums_of(held, dst, result, start),
        [result],
    )
