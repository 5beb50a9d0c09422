"""Oracles of element-wise arithmetic, reductions and scans by the vector engine."""

import nki.isa as nisa
import nki.language as nl
import numpy as np
import operators
from case import Case, near_numbers, oracle, same_bits, same_integers, same_numbers
from operators import apply, apply_bits, reduce
from storage_types import TYPES, WORDS

# Functions that are no single operation of float32.
_FEW_ULPS = 2.0**-20


def op(name):
    """Kiln's token of an operator."""
    return getattr(nl, name)


def signless(*names):
    """Whether zeros of either sign may come out of these operators."""
    return any(name in operators.UNSIGNED_ZERO for name in names)


def free_shape(g, partitions, most=3):
    return (partitions, *g.dims(g.elements(partitions), most))


def _like(g, shape):
    """Another free shape with as many elements."""
    elements = int(np.prod(shape[1:]))
    return shape if g.chance(0.6) else (shape[0], *g.dims(elements, most=3))


def operand(g, partitions, values="finite"):
    """A scalar operand: a number, or a float32 column; and its float32 values as a column."""
    if g.chance(0.5):
        number = g.constant(values)
        return number, np.full((partitions, 1), number, np.float32)
    column = g.column(partitions, memory="sbuf", values=values)
    return column, column.values()


def rows(view):
    """The view's float32 values, one row a partition."""
    return view.values().reshape(view.partitions, -1)


# tensor_tensor.


@oracle("tensor_tensor", count=700)
def tensor_tensor(g):
    kind = g.rng.random()
    if kind < 0.2:
        return _bitwise_tensors(g)
    if kind < 0.4:
        return _word_tensors(g)
    if kind < 0.45:
        return _powers(g)
    shape = free_shape(g, g.partitions())
    name = g.pick(operators.arithmetic(g.target))
    memories = g.memories(2)
    types = [g.arithmetic_type() for _ in range(3)]
    data1 = g.tile(_like(g, shape), types[0], memories[0], "wide")
    data2 = data1 if g.chance(0.1) else g.tile(_like(g, shape), types[1], memories[1], "wide")
    if data2 is data1 and data1.storage.memory == "psum":
        return None
    if all(t in WORDS for t in (data1.type, data2.type, types[2])):
        return None
    dst = g.tile(_like(g, shape), types[2], g.memory(), "wide", written=True)
    arguments = {"dst": dst, "data1": data1, "data2": data2, "op": op(name)}
    if g.chance(0.3):
        in_psum = "psum" in (v.storage.memory for v in (dst, data1, data2))
        arguments["engine"] = nisa.engine[g.pick(("vector", *["gpsimd"] * (not in_psum)))]
    result = apply(name, rows(data1), rows(data2))
    return Case([("tensor_tensor", arguments)], [same_numbers(dst, result, signless(name))])


def _powers(g):
    """On GpSimd, hence not in PSUM; of positive numbers, within a few ulps."""
    shape = free_shape(g, g.partitions())
    data1 = g.tile(shape, g.float_type(), values=(0.1, 4))
    data2 = g.tile(_like(g, shape), g.float_type(), values=(-3, 3))
    dst = g.tile(_like(g, shape), g.float_type(), values="finite", written=True)
    result = rows(data1).astype(np.float64) ** rows(data2)
    arguments = {"dst": dst, "data1": data1, "data2": data2, "op": nl.power}
    return Case([("tensor_tensor", arguments)], [near_numbers(dst, result, _FEW_ULPS)])


def _bitwise_tensors(g):
    name = g.pick(operators.BITWISE)
    type = g.integer_type()
    shape = free_shape(g, g.partitions())
    memories = g.memories(2)
    amounts = (0, 8 * TYPES[type].bytes - 1) if name in operators.SHIFTS else "any"
    data1 = g.tile(shape, type, memories[0], "any")
    data2 = g.tile(shape, type, memories[1], amounts)
    dst = g.tile(shape, type, g.memory(), "any", written=True)
    arguments = {"dst": dst, "data1": data1, "data2": data2, "op": op(name)}
    result = apply_bits(name, data1.bits(), data2.bits())
    return Case([("tensor_tensor", arguments)], [same_bits(dst, result)])


def _word_tensors(g):
    """32-bit integers: exact on GpSimd, which they go to where nothing is in PSUM and no engine is
    asked for; float32 on the vector engine."""
    name = g.pick(("add", "subtract", "multiply", "maximum", "minimum", *operators.COMPARISONS))
    type = g.pick(WORDS)
    shape = free_shape(g, g.partitions())
    memories = g.memories(2)
    data1 = g.tile(_like(g, shape), type, memories[0], "any")
    data2 = g.tile(_like(g, shape), type, memories[1], "any")
    dst = g.tile(_like(g, shape), type, g.memory(), "any", written=True)
    arguments = {"dst": dst, "data1": data1, "data2": data2, "op": op(name)}
    in_psum = "psum" in (dst.storage.memory, *memories)
    if g.chance(0.4):
        engines = ("vector",) if in_psum else ("vector", "gpsimd", "unknown")
        arguments["engine"] = nisa.engine[g.pick(engines)]
    vector = in_psum or arguments.get("engine") == nisa.engine.vector
    if vector:
        result = apply(name, rows(data1), rows(data2))
        return Case([("tensor_tensor", arguments)], [same_numbers(dst, result, signless(name))])
    flat = [v.integers().reshape(shape[0], -1) for v in (data1, data2)]
    with np.errstate(over="ignore"):
        result = getattr(np, name)(*flat).astype(np.int64)
    return Case([("tensor_tensor", arguments)], [same_integers(dst, result)])


# tensor_scalar, scalar_tensor_tensor.


def _scalar_step(g, data, partitions):
    """One operator with a scalar operand: (name, operand, reverse, result in float32)."""
    if g.chance(0.2):
        name = g.pick(operators.unary(g.target))
        with np.errstate(all="ignore"):
            return name, g.pick((None, 0.0)), False, operators.unary(g.target)[name](data)
    name = g.pick(operators.arithmetic(g.target))
    given, values = operand(g, partitions)
    reverse = g.chance(0.4)
    return name, given, reverse, apply(name, data, values, reverse)


@oracle("tensor_scalar", count=700)
def tensor_scalar(g):
    kind = g.rng.random()
    if kind < 0.25:
        return _bitwise_scalar(g)
    if kind < 0.32:
        return _inexact_scalar(g)
    if kind < 0.42:
        return _on_the_scalar_engine(g)
    shape = free_shape(g, g.partitions())
    source, target = g.arithmetic_type(), g.arithmetic_type()
    data = g.tile(shape, source, g.memory(), "wide")
    in_place = g.chance(0.15)
    if in_place:
        data = g.tile(shape, source, g.memory(), "wide", written=True)
    dst = data if in_place else g.tile(_like(g, shape), target, g.memory(), "wide", written=True)
    name0, given0, reverse0, result = _scalar_step(g, rows(data), shape[0])
    arguments = {"dst": dst, "data": data, "op0": op(name0), "operand0": given0}
    names = [name0]
    if reverse0:
        arguments["reverse0"] = True
    if g.chance(0.6):
        name1, given1, reverse1, result = _scalar_step(g, result, shape[0])
        arguments |= {"op1": op(name1), "operand1": given1, "reverse1": reverse1}
        names.append(name1)
    if g.chance(0.2):
        arguments["engine"] = nisa.engine.vector
    return Case([("tensor_scalar", arguments)], [same_numbers(dst, result, signless(*names))])


def _inexact_scalar(g):
    """Powers and reciprocal square roots, within a few ulps."""
    shape = free_shape(g, g.partitions())
    data = g.tile(shape, g.pick(("float32", "bfloat16", "float16")), values=(0.1, 4))
    dst = g.tile(_like(g, shape), g.float_type(), values="finite", written=True)
    values = rows(data).astype(np.float64)
    arguments = {"dst": dst, "data": data}
    if g.chance(0.5):
        arguments |= {"op0": nl.rsqrt, "operand0": 0.0}
        arguments["engine"] = nisa.engine[g.pick(("unknown", "gpsimd", "vector"))]
        result = 1 / np.sqrt(values)
    else:
        number = g.pick((0.5, 2.0, -1.5))
        arguments |= {"op0": nl.power, "operand0": number}
        result = values**number
    return Case([("tensor_scalar", arguments)], [near_numbers(dst, result, _FEW_ULPS)])


def _on_the_scalar_engine(g):
    """It has multiply, add, and multiply then add. Factors are powers of two: NKI does not say
    whether the product is rounded before the sum."""
    shape = free_shape(g, g.partitions())
    data = g.tile(shape, g.arithmetic_type(), g.memory(), "wide")
    dst = g.tile(_like(g, shape), g.arithmetic_type(), g.memory(), "wide", written=True)
    names = g.pick((("multiply", "add"), ("multiply",), ("add",)))
    arguments, result = {"dst": dst, "data": data, "engine": nisa.engine.scalar}, rows(data)
    for step, name in enumerate(names):
        number = g.pick((0.5, 2.0, -1.0))
        result = apply(name, result, np.float32(number))
        arguments |= {f"op{step}": op(name), f"operand{step}": number}
    return Case([("tensor_scalar", arguments)], [same_numbers(dst, result)])


def _bitwise_scalar(g):
    type = g.integer_type()
    width = 8 * TYPES[type].bytes
    shape = free_shape(g, g.partitions())
    data = g.tile(shape, type, g.memory(), "any")
    dst = g.tile(shape, type, g.memory(), "any", written=True)
    result, arguments = data.bits(), {"dst": dst, "data": data}
    steps = g.integer(1, 2)
    for step in range(steps):
        # NKI does not say whether what leaves a narrow type is there for the second operator.
        wide_or_last = width == 32 or step + 1 == steps
        if g.chance(0.15) and wide_or_last:
            result = ~result
            arguments |= {f"op{step}": nl.invert, f"operand{step}": None}
            continue
        name = g.pick(operators.BITWISE)
        if name == "left_shift" and not wide_or_last:
            name = "bitwise_xor"
        reverse = name not in operators.SHIFTS and g.chance(0.3)
        most = width - 1 if name in operators.SHIFTS else (1 << (width - 1)) - 1
        number = g.integer(0, most)
        result = apply_bits(name, result, TYPES[type].bits.type(number), reverse)
        arguments |= {f"op{step}": op(name), f"operand{step}": number, f"reverse{step}": reverse}
    return Case([("tensor_scalar", arguments)], [same_bits(dst, result)])


@oracle("scalar_tensor_tensor", count=400)
def scalar_tensor_tensor(g):
    shape = free_shape(g, g.partitions())
    memories = g.memories(2)
    data = g.tile(shape, g.arithmetic_type(), memories[0], "wide")
    operand1 = g.tile(_like(g, shape), g.arithmetic_type(), memories[1], "wide")
    dst = g.tile(_like(g, shape), g.arithmetic_type(), g.memory(), "wide", written=True)
    name0, given0, reverse0, middle = _scalar_step(g, rows(data), shape[0])
    name1, reverse1 = g.pick(operators.arithmetic(g.target)), g.chance(0.4)
    result = apply(name1, middle, rows(operand1), reverse1)
    arguments = {"dst": dst, "data": data, "op0": op(name0), "operand0": given0, "op1": op(name1)}
    arguments |= {"operand1": operand1, "reverse0": reverse0, "reverse1": reverse1}
    expected = same_numbers(dst, result, signless(name0, name1))
    return Case([("scalar_tensor_tensor", arguments)], [expected])


@oracle("reciprocal", count=150)
def reciprocal(g):
    shape = free_shape(g, g.partitions())
    data = g.tile(shape, g.arithmetic_type(), g.memory(), "wide")
    dst = g.tile(_like(g, shape), g.arithmetic_type(), g.memory(), "wide", written=True)
    with np.errstate(all="ignore"):
        result = np.float32(1) / rows(data)
    return Case([("reciprocal", {"dst": dst, "data": data})], [same_numbers(dst, result)])


# Reductions and scans.


@oracle("tensor_reduce", count=400)
def tensor_reduce(g):
    partitions = g.partitions()
    shape = (partitions, *g.dims(g.elements(partitions), most=4))
    reduced = g.integer(1, len(shape) - 1)
    axis = tuple(range(len(shape) - reduced, len(shape)))
    kept = shape[: len(shape) - reduced]
    bitwise = g.chance(0.25)
    name = g.pick(
        operators.BITWISE_REDUCTIONS
        if bitwise
        else (*operators.REDUCTIONS, *operators.LOGICAL_REDUCTIONS)
    )
    source = g.integer_type() if bitwise else g.arithmetic_type()
    target = source if bitwise else g.arithmetic_type()
    data = g.tile(shape, source, g.memory(), "any" if bitwise else "finite")
    keepdims = g.chance(0.3)
    target_shape = kept + (1,) * reduced if keepdims else kept
    if len(target_shape) == 1:
        target_shape += (1,)
    dst = g.tile(target_shape, target, g.memory(), "finite", written=True)
    arguments = {"dst": dst, "op": op(name), "data": data}
    arguments["axis"] = g.pick((axis, list(axis), axis[0] if len(axis) == 1 else axis))
    if keepdims:
        arguments["keepdims"] = True
    if bitwise:
        bits = operators.BITWISE[name].reduce(data.bits().reshape(*kept, -1), axis=-1)
        return Case([("tensor_reduce", arguments)], [same_bits(dst, bits.reshape(target_shape))])
    result = reduce(name, data.values().reshape(*kept, -1))
    if g.chance(0.3):
        arguments["negate"] = True
        result = -result
    expected = same_numbers(dst, result, unsigned_zero=True)
    return Case([("tensor_reduce", arguments)], [expected])


@oracle("tensor_tensor_scan", count=300)
def tensor_tensor_scan(g):
    partitions = g.partitions()
    shape = (partitions, g.elements(partitions, 200))
    memories = g.memories(2)
    data0 = g.tile(shape, g.arithmetic_type(), memories[0], "finite")
    data1 = g.tile(shape, g.arithmetic_type(), memories[1], "finite")
    dst = g.tile(shape, g.arithmetic_type(), g.memory(), "finite", written=True)
    initial, state = operand(g, partitions)
    names = [g.pick(operators.arithmetic(g.target)) for _ in range(2)]
    reverse = [g.chance(0.4), g.chance(0.4)]
    left, right = rows(data0), rows(data1)
    result = np.empty(shape, np.float32)
    for i in range(shape[1]):
        state = apply(names[0], left[:, i : i + 1], state, reverse[0])
        state = apply(names[1], state, right[:, i : i + 1], reverse[1])
        result[:, i : i + 1] = state
    arguments = {"dst": dst, "data0": data0, "data1": data1, "initial": initial}
    arguments |= {"op0": op(names[0]), "op1": op(names[1])}
    arguments |= {"reverse0": reverse[0], "reverse1": reverse[1]}
    expected = same_numbers(dst, result, unsigned_zero=True)
    return Case([("tensor_tensor_scan", arguments)], [expected])
