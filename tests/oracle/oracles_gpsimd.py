"""Oracles of the GpSimd engine: patterns of numbers, gathers, searches, sums across partitions."""

import nki.language as nl
import numpy as np
import operators
from case import Case, oracle, same_bits, same_integers, same_numbers
from oracles_vector import op
from storage_types import ARITHMETIC, FLOATS, INTEGERS, TYPES


@oracle("iota", count=150)
def iota(g):
    """Values within 24 bits, which every type rounds once."""
    type = g.pick(ARITHMETIC)
    partitions = g.partitions()
    values, arguments = affine_values(g, partitions, 100)
    if TYPES[type].is_integer:
        limits = np.iinfo(TYPES[type].numpy)
        if values.min() < limits.min or values.max() > limits.max:
            return None
    dst = g.tile((partitions, *g.dims(values.shape[1])), type, "sbuf", "any", written=True)
    return Case([("iota", {"dst": dst, **arguments})], [same_numbers(dst, values)])


def affine_values(g, partitions, most):
    """offset + partition * channel_multiplier + pattern, and the arguments that say so."""
    counts = g.dims(g.elements(partitions), most=4)
    pattern = [[g.integer(-most, most) if g.chance(0.5) else g.integer(0, 2), n] for n in counts]
    offset = g.integer(-most, most) if g.chance(0.7) else 0
    multiplier = g.integer(-10, 10) if g.chance(0.7) else 0
    values = np.full((partitions, *counts), offset, np.int64)
    for axis, (step, count) in enumerate(pattern, 1):
        along = [-1 if a == axis else 1 for a in range(values.ndim)]
        values = values + (np.arange(count) * step).reshape(along)
    values = values + multiplier * np.arange(partitions).reshape([-1] + [1] * len(counts))
    arguments = {"pattern": pattern, "offset": offset, "channel_multiplier": multiplier}
    return values.reshape(partitions, -1), arguments


@oracle("affine_select", count=200)
def affine_select(g):
    source = g.pick(ARITHMETIC)
    target = source if g.chance(0.5) else g.pick(ARITHMETIC)
    partitions = g.partitions()
    values, arguments = affine_values(g, partitions, 10)
    shape = (partitions, *g.dims(values.shape[1]))
    tile = g.tile(shape, source, "sbuf", "any" if source == target else "wide")
    dst = g.tile(shape, target, "sbuf", "any", written=True)
    comparison = g.pick(("equal", "not_equal", *operators.COMPARISONS))
    other = g.pick((0.0, -1.0, 3.0, -1e30 if target == "float32" else 7.0))
    chosen = operators.ARITHMETIC[comparison](np.float32(values), np.float32(0)) != 0
    chosen = chosen.reshape(shape)
    arguments |= {"dst": dst, "on_true_tile": tile, "on_false_value": other}
    if comparison != "equal" or g.chance(0.5):
        arguments["cmp_op"] = op(comparison)
    stored = TYPES[target].from_float32(np.full(shape, other, np.float32))
    if source == target:
        expected = same_bits(dst, np.where(chosen, tile.bits(), stored))
    else:
        expected = same_numbers(dst, np.where(chosen, tile.values(), np.float32(other)))
    return Case([("affine_select", arguments)], [expected])


# Gathers.


@oracle("local_gather", count=150)
def local_gather(g):
    """Each 16 partitions have their own indices, taken down the partitions first."""
    type = g.pick((*INTEGERS, *FLOATS))
    cores = g.pick((1, 2, 3, 4, 8))
    partitions, per_index = 16 * cores, g.pick((1, 2, 4, 8))
    elements = g.integer(per_index, 200)
    columns = g.integer(1, 5)
    source = g.tile((partitions, elements), type, "sbuf", "any")
    at = g.rng.integers(0, elements - per_index, (partitions, columns), endpoint=True)
    index = g.filled("uint16", at.astype(np.uint16))
    arguments = {"src_buffer": source, "index": index}
    valid = 16 * columns
    if per_index > 1 or g.chance(0.3):
        arguments["num_elem_per_idx"] = per_index
    if g.chance(0.4):
        valid = g.integer(1, valid)
        arguments["num_valid_indices"] = valid
    dst = g.tile((partitions, valid * per_index), type, "sbuf", "any", written=True)
    bits, gathered = source.bits(), np.empty((partitions, valid, per_index), TYPES[type].bits)
    for core in range(cores):
        rows = slice(16 * core, 16 * core + 16)
        order = at[rows].ravel(order="F")[:valid]
        for k in range(per_index):
            gathered[rows, :, k] = bits[rows][:, order + k]
    expected = same_bits(dst, gathered.reshape(dst.shape))
    return Case([("local_gather", {"dst": dst, **arguments})], [expected])


@oracle("nc_n_gather", count=150)
def nc_n_gather(g):
    type = g.pick((*INTEGERS, *FLOATS))
    partitions = g.partitions()
    data = g.tile((partitions, *g.dims(g.elements(partitions), 3)), type, "sbuf", "any")
    shape = (partitions, *g.dims(g.elements(partitions), 3))
    at = g.rng.integers(0, data.elements, shape)
    indices = g.filled("uint32", at.astype(np.uint32))
    dst = g.tile(shape, type, "sbuf", "any", written=True)
    flat = data.bits().reshape(partitions, -1)
    gathered = np.take_along_axis(flat, at.reshape(partitions, -1), 1)
    arguments = {"dst": dst, "data": data, "indices": indices}
    return Case([("nc_n_gather", arguments)], [same_bits(dst, gathered.reshape(shape))])


# Searches.


@oracle("nonzero_with_count", count=150, targets=("gen3", "gen4"))
def nonzero_with_count(g):
    """In partitions 0, 16, 32, … only."""
    partitions = g.pick((1, 16, 17, 64, 128))
    elements = g.elements(partitions)
    type = g.pick(("float32", "int32"))
    src = g.tile((partitions, elements), type, "sbuf", (0, 2) if type == "int32" else "whole")
    dst = g.tile((partitions, elements + 1), "int32", "sbuf", "any", written=True)
    arguments = {"dst": dst, "src": src}
    offset, padding = 0, -1
    if g.chance(0.6):
        offset, padding = g.integer(-50, 1000), g.integer(-5, 5)
        arguments |= {"index_offset": offset, "padding_val": padding}
    expected = dst.integers()
    for p in range(0, partitions, 16):
        found = np.flatnonzero(src.values()[p] != 0)
        expected[p] = padding
        expected[p, : len(found)] = found + offset
        expected[p, -1] = len(found)
    return Case([("nonzero_with_count", arguments)], [same_integers(dst, expected)])


@oracle("sequence_bounds", count=150)
def sequence_bounds(g):
    """Of each element's run of equal ids: its first position and the one after its last."""
    elements = g.size(500)
    runs = g.rng.integers(0, 6, g.integer(1, elements))
    ids = np.sort(g.rng.integers(0, len(runs), elements))
    ids = runs[ids]
    type = g.pick(("float32", "int32"))
    bits = ids.astype(TYPES[type].numpy).view(np.uint32)[None]
    segment_ids = g.filled(type, bits)
    dst = g.tile((1, 2, elements), type, "sbuf", "finite", written=True)
    bounds = np.empty((2, elements), np.float32)
    edges = np.flatnonzero(np.diff(ids)) + 1
    for first, last in zip([0, *edges], [*edges, elements], strict=True):
        bounds[:, first:last] = [[first], [last]] if ids[first] else [[elements], [-1]]
    arguments = {"dst": dst, "segment_ids": segment_ids}
    return Case([("sequence_bounds", arguments)], [same_numbers(dst, bounds[None])])


@oracle("topk", count=150, targets=("gen3", "gen4"))
def topk(g):
    """Of numbers that all differ. NKI does not say whether the results lie in every partition of
    the group, or down its partitions as the source does; either will do."""
    groups, count = g.pick((1, 2, 4, 8)), g.integer(8, 300)
    columns = -(-count // 16) + g.integer(0, 2)
    k = g.integer(1, min(count, 40))
    partitions = 16 * groups
    # Different bit patterns of positive bfloat16 numbers.
    drawn = [g.rng.permutation(0x7F00)[: 16 * columns] for _ in range(groups)]
    bits = np.concatenate([d.reshape(columns, 16).T for d in drawn]).astype(np.uint16)
    src = g.filled("bfloat16", bits)
    values = g.tile((partitions, k), "bfloat16", "sbuf", "finite", written=True)
    indices = g.tile((partitions, k), "uint32", "sbuf", "any", written=True)
    best = np.stack([np.argsort(d[:count])[count - k :] for d in drawn])
    wanted = np.take_along_axis(np.stack(drawn), best, 1)

    def check(held):
        for view, numbers in ((values, wanted), (indices, best)):
            got = held(view)
            layouts = np.repeat(numbers, 16, 0), _down_the_partitions(view.bits(), numbers)
            assert any(np.array_equal(got, layout) for layout in layouts), f"{view} is wrong"

    arguments = {"val_dst": values, "idx_dst": indices, "src": src, "n": count}
    return Case([("topk", arguments)], [], check, [values, indices])


def _down_the_partitions(before, numbers):
    """Each row of numbers laid down 16 partitions, then down those of the next column."""
    after = before.copy()
    for group, row in enumerate(numbers):
        at = np.arange(len(row))
        after[16 * group + at % 16, at // 16] = row
    return after


# Across partitions.


@oracle("tensor_partition_reduce", count=150)
def tensor_partition_reduce(g):
    """Sums are of whole numbers, as NKI gives no order; averages are of 2**n partitions."""
    name = g.pick(("add", "maximum", "average", "bitwise_or", "bitwise_and"))
    bitwise = name.startswith("bitwise")
    partitions = 1 << g.integer(0, 7) if name == "average" else g.partitions()
    shape = g.dims(g.elements(partitions), 2)
    type = g.integer_type() if bitwise else g.pick(("float32", "bfloat16", "float16", "int32"))
    data = g.tile((partitions, *shape), type, "sbuf", "any" if bitwise else "whole")
    target = type if bitwise else "float32"
    dst = g.tile((1, *shape), target, "sbuf", "finite", written=True)
    arguments = {"dst": dst, "op": getattr(nl, name), "data": data}
    if bitwise:
        bits = operators.BITWISE[name].reduce(data.bits(), axis=0, keepdims=True)
        return Case([("tensor_partition_reduce", arguments)], [same_bits(dst, bits)])
    values = data.values()
    result = values.max(0) if name == "maximum" else values.sum(0)
    if name == "average":
        result = result / np.float32(partitions)
    expected = same_numbers(dst, result[None], unsigned_zero=True)
    return Case([("tensor_partition_reduce", arguments)], [expected])
