"""Oracles of the vector engine: selections, searches, statistics, reductions beside a result."""

import nki.isa as nisa
import numpy as np
import operators
from case import Case, near_numbers, oracle, same_integers, same_numbers
from operators import Undetermined, apply
from oracles_vector import free_shape, op, operand, rows
from storage_types import FLOATS, TYPES

LOWEST = np.float32(-3.4028235e38)
_COMMANDS = nisa.reduce_cmd


def _rowwise_max(values):
    return values.max(1, keepdims=True)


@oracle("range_select", count=300, targets=("gen3", "gen4"))
def range_select(g):
    shape = free_shape(g, g.partitions())
    source = g.tile(shape, g.float_type(), g.memory(), "finite")
    dst_type = g.pick(("float32", "float32", "bfloat16", "float16"))
    comparisons = [g.pick(operators.COMPARISONS) for _ in range(2)]
    elements = rows(source).shape[1]
    whole = g.rng.integers(-1, elements + 1, (2, shape[0], 1)).astype(np.float32)
    bounds = [g.filled("float32", w.view(np.uint32)) for w in whole]

    def call(dst, start, **more):
        arguments = {"dst": dst, "on_true_tile": source, "range_start": start}
        for i in range(2):
            arguments |= {f"comp_op{i}": op(comparisons[i]), f"bound{i}": bounds[i]}
        return "range_select", arguments | more

    def selected(start):
        number = np.float32(start + np.arange(elements))
        masks = [
            operators.ARITHMETIC[c](number, b.values()) != 0
            for c, b in zip(comparisons, bounds, strict=True)
        ]
        return np.where(masks[0] & masks[1], rows(source), LOWEST)

    first = g.tile(shape, dst_type, g.memory(), "finite", written=True)
    start = g.integer(0, 20)
    result = g.column(shape[0], "float32", g.memory(), written=True)
    if g.chance(0.6):
        calls = [call(first, start, reduce_res=result)]
        expect = [same_numbers(first, selected(start))]
        return Case(calls, [*expect, same_numbers(result, _rowwise_max(selected(start)))])
    # A chain: reset, keep on, read out at the end.
    second = g.tile(shape, dst_type, g.memory(), "finite", written=True)
    calls = [
        call(first, start, reduce_cmd=_COMMANDS.reset_reduce),
        call(second, start + 5, reduce_cmd=_COMMANDS.reduce, reduce_res=result),
    ]
    best = np.maximum(_rowwise_max(selected(start)), _rowwise_max(selected(start + 5)))
    expect = [same_numbers(first, selected(start)), same_numbers(second, selected(start + 5))]
    return Case(calls, [*expect, same_numbers(result, best)])


@oracle("select_reduce", count=250)
def select_reduce(g):
    shape = free_shape(g, g.partitions())
    memories = g.memories(2)
    types = ("float32", "bfloat16", "float16", "float8_e4m3", "float8_e5m2", "int8", "uint16")
    on_true = g.tile(shape, g.pick(types), memories[0], "finite")
    predicate = g.tile(shape, g.pick(("int8", "uint8", "int16", "uint16")), memories[1], (0, 1))
    on_false, other = operand(g, shape[0])
    dst = g.tile(shape, g.float_type(), g.memory(), "finite", written=True)
    arguments = {"dst": dst, "predicate": predicate, "on_true": on_true, "on_false": on_false}
    chosen = predicate.integers().reshape(shape[0], -1) != 0
    if g.chance(0.4):
        arguments["reverse_pred"] = True
        chosen = ~chosen
    selected = np.where(chosen, rows(on_true), other)
    expect = [same_numbers(dst, selected)]
    if g.chance(0.5):
        result = g.column(shape[0], "float32", g.memory(), written=True)
        arguments |= {"reduce_res": result, "reduce_cmd": _COMMANDS.reset_reduce}
        expect.append(same_numbers(result, _rowwise_max(selected), unsigned_zero=True))
    return Case([("select_reduce", arguments)], expect)


@oracle("tensor_scalar_reduce", count=300)
def tensor_scalar_reduce(g):
    shape = free_shape(g, g.partitions())
    data = g.tile(shape, g.arithmetic_type(), g.memory(), "finite")
    name, reduction = (
        g.pick(operators.arithmetic(g.target)),
        g.pick(("add", "multiply", "maximum", "minimum")),
    )
    given, values = operand(g, shape[0])
    # In float32 it is plain what is reduced: what is written.
    dst = g.tile(shape, "float32", g.memory(), "finite", written=True)
    result = g.column(shape[0], "float32", g.memory(), written=True)
    applied = apply(name, rows(data), values)
    arguments = {"dst": dst, "data": data, "op0": op(name), "operand0": given}
    arguments |= {"reduce_op": op(reduction), "reduce_res": result}
    start = np.empty((shape[0], 0), np.float32)
    calls = []
    way = g.rng.random()
    if way < 0.3:
        arguments["reduce_init"], start = operand(g, shape[0])
        arguments["reduce_cmd"] = _COMMANDS.load_reduce
    elif way < 0.5:
        first = {**arguments, "reduce_res": None, "reduce_cmd": _COMMANDS.reset_reduce}
        calls.append(("tensor_scalar_reduce", first))
        arguments["reduce_cmd"] = _COMMANDS.reduce
        start = applied
    total = operators.reduce_rows(reduction, np.concatenate([start, applied], 1))
    if g.chance(0.3):
        arguments["reduce_res_negate"] = True
        total = -total
    if np.isnan(applied).any() or np.isnan(total).any():
        raise Undetermined("a reduction of NaN")
    expect = [same_numbers(dst, applied, True), same_numbers(result, total, True)]
    return Case([*calls, ("tensor_scalar_reduce", arguments)], expect)


@oracle("tensor_scalar_cumulative", count=300)
def tensor_scalar_cumulative(g):
    types = [t for t in (*FLOATS, "int8", "int16", "uint8", "uint16") if t != "tfloat32"]
    shape = (g.partitions(), g.elements(128, 100))
    src = g.tile(shape, g.pick(types), g.memory(), (-4, 4))
    name = g.pick(("add", "multiply", "maximum", "minimum", "subtract"))
    cumulative = g.pick(("add", "subtract", "multiply", "maximum", "minimum"))
    imm0, values = operand(g, shape[0], (0.5, 1.5))
    dst = g.tile(shape, g.pick(types), g.memory(), "finite", written=True)
    arguments = {"dst": dst, "src": src, "op0": op(name), "op1": op(cumulative), "imm0": imm0}
    start = {"multiply": 1, "maximum": -np.inf, "minimum": np.inf}.get(cumulative, 0)
    state = np.full((shape[0], 1), start, np.float32)
    if g.chance(0.4):
        arguments["imm1"], state = operand(g, shape[0], (0.5, 1.5))
        arguments["reduce_cmd"] = _COMMANDS.load_reduce
    applied = apply(name, rows(src), values)

    def scan(state):
        out = np.empty(shape, np.float32)
        for i in range(shape[1]):
            # The register is the right operand.
            state = apply(cumulative, applied[:, i : i + 1], state)
            out[:, i : i + 1] = state
        return out, state

    result, state = scan(state)
    if g.chance(0.7):
        return Case([("tensor_scalar_cumulative", arguments)], [same_numbers(dst, result, True)])
    more = g.tile(shape, "float32", g.memory(), "finite", written=True)
    again = {k: v for k, v in arguments.items() if k != "imm1"}
    again |= {"dst": more, "reduce_cmd": _COMMANDS.reduce}
    calls = [("tensor_scalar_cumulative", arguments), ("tensor_scalar_cumulative", again)]
    expect = [same_numbers(dst, result, True), same_numbers(more, scan(state)[0], True)]
    return Case(calls, expect)


# Searches.


def _searched(g, written=False):
    """8 or more elements a partition, often with equal ones."""
    partitions = g.partitions()
    elements = max(8, g.elements(partitions))
    values = g.pick(("finite", "whole"))
    shape = (partitions, *g.dims(elements, most=2))
    return g.tile(shape, g.float_type(), g.memory(), values, written)


@oracle("max8", count=200)
def max8(g):
    src = _searched(g)
    dst = g.tile((src.partitions, 8), g.float_type(), g.memory(), "finite", written=True)
    best = -np.sort(-rows(src), axis=1)[:, :8]
    return Case([("max8", {"dst": dst, "src": src})], [same_numbers(dst, best, True)])


def _wanted(g, data):
    """A tile of eight values to look for: most of them in the data, some twice, some missing."""
    values = rows(data)
    at = g.rng.integers(0, values.shape[1], (values.shape[0], 8))
    chosen = np.take_along_axis(values, at, 1)
    if g.chance(0.5):
        chosen = np.where(g.rng.random(chosen.shape) < 0.2, np.float32(1234.5), chosen)
    if g.chance(0.4):
        chosen[:, 5] = chosen[:, 2]
    type = data.type if g.chance(0.5) and data.type != "tfloat32" else "float32"
    if not np.array_equal(TYPES[type].to_float32(TYPES[type].from_float32(chosen)), chosen):
        type = "float32"
    return g.filled(type, TYPES[type].from_float32(chosen)), chosen


def _occurrences(row, vals, order):
    """For each wanted value in turn the position of its next occurrence in the row; -1 if there is
    none left."""
    found, used = [-1] * 8, set()
    for i in order:
        for position in np.flatnonzero(row == vals[i]):
            if position not in used:
                found[i] = int(position)
                used.add(int(position))
                break
    return found


@oracle("nc_find_index8", count=200)
def nc_find_index8(g):
    data = _searched(g)
    vals, wanted = _wanted(g, data)
    dst = g.tile((data.partitions, 8), g.pick(("uint16", "uint32")), "sbuf", "any", written=True)
    pairs = zip(rows(data), wanted, strict=True)
    found = [_occurrences(row, values, range(8)) for row, values in pairs]
    arguments = {"dst": dst, "data": data, "vals": vals}
    return Case([("nc_find_index8", arguments)], [same_integers(dst, found)])


@oracle("nc_match_replace8", count=200)
def nc_match_replace8(g):
    data = _searched(g)
    vals, wanted = _wanted(g, data)
    number = g.pick((0.0, -1e30, float("-inf"), 77.0))
    dst = g.tile(data.shape, data.type, g.memory(), "finite", written=True)
    result, found = rows(data).copy(), []
    for row, values in zip(result, wanted, strict=True):
        positions = _occurrences(row.copy(), values, reversed(range(8)))
        found.append(positions)
        row[[p for p in positions if p >= 0]] = number
    arguments = {"dst": dst, "data": data, "vals": vals, "imm": number}
    expect = [same_numbers(dst, result)]
    # NKI does not say what a value without a match leaves in dst_idx.
    if min(min(f) for f in found) >= 0 and g.chance(0.7):
        type = g.pick(("uint16", "uint32"))
        index = g.tile((data.partitions, 8), type, "sbuf", "any", written=True)
        arguments["dst_idx"] = index
        expect.append(same_integers(index, found))
    return Case([("nc_match_replace8", arguments)], expect)


# Statistics. NKI gives no order of the sums; float32 loses at most a few parts in 2**24 for each of
# up to 512 elements.

_STATISTICS_ERROR = 2.0**-14


def _moments(values):
    """Count, mean and variance * count of each row, in double precision."""
    if values.shape[1] == 0:
        return [np.zeros(values.shape[0])] * 3
    values = values.astype(np.float64)
    mean = values.mean(1)
    return [np.full(len(values), values.shape[1]), mean, ((values - mean[:, None]) ** 2).sum(1)]


@oracle("bn_stats", count=200)
def bn_stats(g):
    partitions = g.partitions()
    elements = max(2, g.elements(partitions, 512))
    data = g.tile((partitions, *g.dims(elements)), g.float_type(), g.memory(), (-3, 3))
    dst = g.tile((partitions, 6), "float32", g.memory(), "finite", written=True)
    values = rows(data)
    moments = np.stack([*_moments(values[:, ::2]), *_moments(values[:, 1::2])], 1)
    expected = near_numbers(dst, moments, _STATISTICS_ERROR, _STATISTICS_ERROR)
    return Case([("bn_stats", {"dst": dst, "data": data})], [expected])


@oracle("bn_aggr", count=200)
def bn_aggr(g):
    """Of pieces of one row: the mean and the variance of them all."""
    partitions, pieces = g.partitions(), g.integer(1, 8)
    counts = g.rng.integers(1, 40, pieces)
    values = g.rng.uniform(-3, 3, (partitions, counts.sum())).astype(np.float32)
    parts = np.split(values, np.cumsum(counts)[:-1], axis=1)
    triples = np.concatenate([np.stack(_moments(part), 1) for part in parts], 1)
    data = g.filled("float32", triples.astype(np.float32).view(np.uint32), g.memory())
    dst = g.tile((partitions, 2), "float32", g.memory(), "finite", written=True)
    whole = values.astype(np.float64)
    expected = np.stack([whole.mean(1), whole.var(1)], 1)
    near = near_numbers(dst, expected, _STATISTICS_ERROR, _STATISTICS_ERROR)
    return Case([("bn_aggr", {"dst": dst, "data": data})], [near])
