"""Oracles of the tensor engine, and of the quantisation that feeds it.

NKI says that products are summed in float32 and leaves the order open. Kiln promises the order of
the contraction with one fused multiply-add a step (docs/decisions/0008_numbers.md); `dot` does that
in double precision. Where the order is not promised, operands are small whole numbers, whose sums
are exact in any order.
"""

import ml_dtypes
import nki.isa as nisa
import numpy as np
from case import Case, near_numbers, oracle, same_bits, same_numbers
from mirror import View
from storage_types import TYPES


def _round_to_odd(a, b):
    """a + b in double precision, rounded so that rounding it again to float32 is right."""
    total = a + b
    part = total - a
    error = (a - (total - part)) + (b - part)
    even = (np.ascontiguousarray(total).view(np.uint64) & np.uint64(1)) == 0
    toward = np.where(error > 0, np.inf, -np.inf)
    return np.where((error != 0) & even, np.nextafter(total, toward), total)


def dot(left, right):
    """left.T @ right for float32 (K, M) and (K, N): fused multiply-adds in the order of K."""
    total = np.zeros((left.shape[1], right.shape[1]), np.float32)
    with np.errstate(all="ignore"):
        for a, b in zip(left.astype(np.float64), right.astype(np.float64), strict=True):
            total = _round_to_odd(total.astype(np.float64), np.multiply.outer(a, b))
            total = total.astype(np.float32)
    return total


def _operand_types(g):
    """Types of stationary and moving: float32 goes with float32 only."""
    if g.chance(0.4):
        return g.pick(("float32", "tfloat32")), g.pick(("float32", "tfloat32"))
    eights = ["float8_e4m3fn" if g.target == "gen4" and g.chance(0.5) else "float8_e4m3"]
    narrow = ("bfloat16", "float16", "float8_e5m2", *eights)
    return g.pick(narrow), g.pick(narrow)


def _destination(g, shape, values="finite"):
    type = "bfloat16" if g.target == "gen4" and g.chance(0.3) else "float32"
    return g.tensor_engine_tile(shape, type, values)


def _tiling(g, contraction, columns):
    """tile_position and tile_size: a part of the array that is large enough; or nothing."""
    if g.chance(0.6):
        return {}
    sizes = (64, 128) if g.target == "gen2" else (32, 64, 128)
    tile = [g.pick([s for s in sizes if s >= used]) for used in (contraction, columns)]
    position = [s * g.integer(0, 128 // s - 1) for s in tile]
    return {"tile_position": tuple(position), "tile_size": tuple(tile)}


@oracle("nc_matmul", count=250)
def nc_matmul(g):
    way = g.rng.random()
    if way < 0.15 and g.target != "gen2":
        return _double_row(g)
    if way < 0.25 and g.target != "gen2":
        return _transposed(g)
    contraction, columns, most = g.partitions(), g.size(128), 2048 if g.chance(0.1) else 300
    width = g.size(min(most, 512))
    types = _operand_types(g)
    # NKI does not say how a sum that is added to rounds: whole numbers do not round.
    stages = 1 if g.chance(0.5) else g.integer(2, 3)
    values = "finite" if stages == 1 else "whole"
    stationary = g.tile((contraction, *g.dims(columns, 3)), types[0], "sbuf", values)
    moving = g.tile((contraction, *g.dims(width, 3)), types[1], "sbuf", values)
    dst = _destination(g, (columns, *g.dims(width, 3)))
    arguments = {"dst": dst, "stationary": stationary, "moving": moving}
    arguments |= _tiling(g, contraction, columns)
    product = dot(*(v.values().reshape(contraction, -1) for v in (stationary, moving)))
    if stages == 1:
        arguments["accumulate"] = g.pick((None, False))
        return Case([("nc_matmul", arguments)], [same_numbers(dst, product)])
    automatic = g.chance(0.5)
    calls = [
        ("nc_matmul", {**arguments, "accumulate": None if automatic else stage > 0})
        for stage in range(stages)
    ]
    total = TYPES[dst.type].to_float32(TYPES[dst.type].from_float32(product))
    for _ in range(stages - 1):
        total = (total + product).astype(np.float32)
        total = TYPES[dst.type].to_float32(TYPES[dst.type].from_float32(total))
    return Case(calls, [same_numbers(dst, total)])


def _double_row(g):
    """Two contraction steps a partition, of whole numbers."""
    contraction, columns, width = g.partitions(), g.size(128), g.size(300)
    eights = ("float8_e4m3", "float8_e5m2")
    stationary = g.tile((contraction, 2, columns), g.pick(eights), "sbuf", "whole")
    moving = g.tile((contraction, 2, width), g.pick(eights), "sbuf", "whole")
    dst = _destination(g, (columns, width))
    product = dot(stationary.values().reshape(-1, columns), moving.values().reshape(-1, width))
    arguments = {"dst": dst, "stationary": stationary, "moving": moving}
    arguments["perf_mode"] = nisa.matmul_perf_mode.double_row
    return Case([("nc_matmul", arguments)], [same_numbers(dst, product)])


def _transposed(g):
    """Bit by bit, with an identity as moving tile."""
    type = g.pick(("float32", "bfloat16", "float16"))
    rows, columns = g.size(128), g.size(128)
    stationary = g.tile((rows, columns), type, "sbuf", "any")
    moving = g.filled(type, TYPES[type].from_float32(np.eye(rows, dtype=np.float32)))
    dst = g.tensor_engine_tile((columns, rows), type, "any")
    arguments = {"dst": dst, "stationary": stationary, "moving": moving, "is_transpose": True}
    return Case([("nc_matmul", arguments)], [same_bits(dst, stationary.bits().T)])


# Microscaling formats, from gen4 on.


_ELEMENTS = {
    "float8_e4m3fn_x4": (ml_dtypes.float8_e4m3fn, 8),
    "float8_e5m2_x4": (ml_dtypes.float8_e5m2, 15),
    "float4_e2m1fn_x4": (ml_dtypes.float4_e2m1fn, 2),
}


def unpacked(type, words):
    """The four elements of each word, the first in the lowest bits, as float32."""
    width = 4 if type == "float4_e2m1fn_x4" else 8
    shifts = np.arange(4, dtype=words.dtype) * words.dtype.type(width)
    parts = (words[..., None] >> shifts) & words.dtype.type((1 << width) - 1)
    return parts.astype(np.uint8).view(_ELEMENTS[type][0]).astype(np.float32)


def packed(type, elements):
    """Words of four elements each, along the last axis."""
    bits = elements.astype(_ELEMENTS[type][0]).view(np.uint8).astype(np.uint32)
    bits = bits.reshape(*elements.shape[:-1], -1, 4) << (np.arange(4, dtype=np.uint32) * 8)
    return np.bitwise_or.reduce(bits, -1).astype(np.uint32)


def scale_rows(partitions):
    """The row of the scale tile for each group of eight partitions: four in each quadrant."""
    groups = np.arange(partitions // 8)
    return groups if partitions <= 32 else groups // 4 * 32 + groups % 4


def _scale_tile(g, data, elements, values="any"):
    """A tile of scales for the data: four rows in each quadrant, beginning in the data's, perhaps
    from a row offset on."""
    start = data.first_partition + (g.pick((4, 8, 12)) if g.chance(0.4) else 0)
    count = data.partitions // 8
    if data.partitions > 32:
        count = data.first_partition + data.partitions - start
    type = g.pick(("float8_e8m0fnu", "uint8"))
    whole = View.whole(g.storage("sbuf", type, (start + count, elements), values))
    return whole[start : start + count, :]


@oracle("quantize_mx", count=200, targets=("gen4",))
def quantize_mx(g):
    type = g.pick(("float8_e4m3fn_x4", "float8_e5m2_x4"))
    partitions, elements = g.pick((32, 64, 96, 128)), g.size(60)
    source_type = g.pick(("float16", "bfloat16"))
    src = g.tile((partitions, 4 * elements), source_type, "sbuf", "finite")
    if source_type == "bfloat16" and g.chance(0.3):
        powers = np.exp2(g.rng.integers(-90, 90, (1, 4 * elements)))
        values = np.float32(g.rng.standard_normal(src.shape) * powers)
        src = g.filled(source_type, TYPES[source_type].from_float32(values))
    if g.chance(0.3):
        src.flat()[src.index[:8, :4]] = 0
    dst = g.tile((partitions, elements), type, "sbuf", "any", written=True)
    scale = _scale_tile(g, src, elements)
    values = src.values().astype(np.float64)
    groups = np.abs(values).reshape(partitions // 8, 8, elements, 4).max((1, 3))
    _, exponent = np.frexp(groups)
    power = np.where(groups == 0, -127, exponent - 1 - (_ELEMENTS[type][1] - 1))
    power = np.maximum(power, -127)
    spread = np.repeat(np.repeat(power, 8, 0), 4, 1)
    words = packed(type, np.ldexp(values, -spread))
    rows = scale.bits().copy()
    rows[scale_rows(partitions)] = (power + 127).astype(np.uint8)
    arguments = {"dst": dst, "src": src, "dst_scale": scale}
    return Case([("quantize_mx", arguments)], [same_bits(dst, words), same_bits(scale, rows)])


@oracle("nc_matmul_mx", count=150, targets=("gen4",))
def nc_matmul_mx(g):
    """Sums of four products in an element have no promised order: a tolerance of float32 sums."""
    contraction, columns, width = g.pick((32, 64, 96, 128)), 2 * g.size(64), g.size(200)
    operands, matrices = {}, []
    for name, elements in (("stationary", columns), ("moving", width)):
        type = g.pick(tuple(_ELEMENTS))
        tile = g.tile((contraction, elements), type, "sbuf", "any")
        numbers = unpacked(type, tile.bits())
        # Infinities and NaNs become zeros.
        clean = np.where(np.isfinite(numbers).all(-1), tile.bits(), 0)
        tile.flat()[tile.index] = clean
        scale = _scale_tile(g, tile, elements)
        scale.flat()[scale.index] = g.rng.integers(115, 140, scale.shape, dtype=np.uint8)
        power = scale.bits()[scale_rows(contraction)].astype(np.int64) - 127
        power = np.repeat(power, 8, 0)[..., None]
        matrices.append(np.ldexp(unpacked(type, tile.bits()).astype(np.float64), power))
        operands |= {name: tile, f"{name}_scale": scale}
    dst = _destination(g, (columns, width))
    product = np.einsum("kiq,kjq->ij", *matrices)
    largest = np.einsum("kiq,kjq->ij", *(np.abs(m) for m in matrices))
    arguments = {"dst": dst, **operands}
    if g.chance(0.5):
        arguments["accumulate"] = g.pick((None, False))
    # Each of 4 * contraction additions rounds by at most 2**-24 of the sum of magnitudes.
    error = 4 * contraction * 2.0**-24 * largest
    return Case([("nc_matmul_mx", arguments)], [near_numbers(dst, product, 0, error)])
