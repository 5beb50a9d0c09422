"""Causal attention with whole rows of scores in SBUF: 128 queries by 512 keys in a tile, and three
groups of 128 queries under way. While the values of one are summed up, the exponentials of the next
and the scores of the one after are made. Groups and heads take turns in the same buffers."""

import math

import kiln.nki.isa as nisa
import kiln.nki.language as nl
from kiln import nki
from kiln.timing_validation.building import (
    PARTITIONS,
    Program,
    columns,
    hbm,
    load,
    placeholder,
    psum,
    sbuf,
    store,
)

QUERIES = PARTITIONS
GROUPS_OF_LOAD = 8
KEYS = 512
TILES_OF_SUM = 4  # of keys, whose products with values add up in PSUM
PARTS = KEYS // PARTITIONS
MASKED = -3e38


def _tiles(count, shape, dtype=nl.float32):
    return [sbuf(shape, dtype) for _ in range(count)]


class _Turn:
    """What a group of queries writes to: every other group has the same."""

    def __init__(self, tiles, d, dtype):
        self.largest, self.sums = _tiles(2, (QUERIES, tiles))
        self.scores = _tiles(tiles, (QUERIES, KEYS))
        self.turned = _tiles(tiles, (PARTITIONS, PARTS, QUERIES), dtype)
        self.section_max, self.total = _tiles(2, (QUERIES, 1))
        self.result = sbuf((QUERIES, d), nl.float32)
        self.rows = sbuf((QUERIES, d), dtype)


class _Buffers:
    """Of all heads, one after the other."""

    def __init__(self, length, d, dtype):
        tiles = length // KEYS
        width = min(GROUPS_OF_LOAD * QUERIES, length)
        self.keys = _tiles(tiles, (d, KEYS), dtype)
        self.values = _tiles(length // PARTITIONS, (PARTITIONS, d), dtype)
        self.queries = _tiles(2, (d, width), dtype)
        self.turns = [_Turn(tiles, d, dtype) for _ in range(2)]
        self.exponentials = _tiles(tiles, (QUERIES, KEYS), dtype)
        self.copies, self.masked = (_tiles(2, (QUERIES, KEYS)) for _ in range(2))
        self.negative_max, self.factors = _tiles(2, (QUERIES, length // QUERIES))
        self.products = [psum((QUERIES, KEYS)) for _ in range(4)]
        self.sums = [psum((QUERIES, d)) for _ in range(4)]


class _Head:
    """The operands of one head, keys and queries turned."""

    def __init__(self, buffers, q, k, v, out):
        self.buffers = buffers
        self.out = out
        self.scale = 1 / math.sqrt(k.shape[1])
        for i, tile in enumerate(buffers.keys):
            nisa.dma_transpose(dst=tile, src=k[nl.ds(i * KEYS, KEYS), :])
        self.q = q
        for i, tile in enumerate(buffers.values):
            load(v[nl.ds(i * PARTITIONS, PARTITIONS), :], into=tile)

    def _load_queries(self, number):
        start = number * GROUPS_OF_LOAD * QUERIES
        rows = min(GROUPS_OF_LOAD * QUERIES, self.q.shape[0] - start)
        tile = self.buffers.queries[number % 2]
        nisa.dma_transpose(dst=tile[:, nl.ds(0, rows)], src=self.q[nl.ds(start, rows), :])

    def query_tile(self, group):
        """[d, 128]; several groups are loaded together."""
        number, first = divmod(group, GROUPS_OF_LOAD)
        if first == 0:
            self._load_queries(number)
        return columns(self.buffers.queries[number % 2], first, QUERIES)


class _Group:
    """128 queries."""

    def __init__(self, head, number):
        self.head = head
        self.buffers = head.buffers
        self.turn = head.buffers.turns[number % 2]
        self.first = number * QUERIES
        self.query = head.query_tile(number)
        self.tiles = self.first // KEYS + 1  # of keys that some of the queries see
        self.negative_max, self.factor = (
            columns(tile, number, 1) for tile in (self.buffers.negative_max, self.buffers.factors)
        )
        nisa.memset(self.turn.largest, MASKED)


def _masked(product, group, number):
    copy, masked = (tiles[number % 2] for tiles in (group.buffers.copies, group.buffers.masked))
    nisa.tensor_copy(dst=copy, src=product)
    nisa.affine_select(
        dst=masked,
        pattern=[[-1, KEYS]],
        offset=group.first - number * KEYS,
        channel_multiplier=1,
        on_true_tile=copy,
        on_false_value=MASKED,
        cmp_op=nl.greater_equal,
    )
    return masked


def _make_scores(group, numbers):
    """Scaled scores of these tiles, and the maxima of each. The last tile has the diagonal."""
    for number in numbers:
        if number >= group.tiles:
            return
        product = group.buffers.products[number % 4]
        nisa.nc_matmul(
            dst=product,
            stationary=group.query,
            moving=group.buffers.keys[number],
            accumulate=False,
        )
        if number == group.tiles - 1:
            product = _masked(product, group, number)
        nisa.tensor_scalar_reduce(
            dst=group.turn.scores[number],
            data=product,
            op0=nl.multiply,
            operand0=group.head.scale,
            reduce_op=nl.maximum,
            reduce_res=columns(group.turn.largest, number, 1),
        )


def _find_max(group):
    found = group.turn.section_max
    nisa.tensor_reduce(dst=found, op=nl.maximum, data=group.turn.largest, axis=1, negate=True)
    nisa.tensor_copy(dst=group.negative_max, src=found)


def _make_exponentials(group):
    """exp(score - max), turned in SBUF by the DMA engines, and the sums of each tile."""
    nisa.memset(group.turn.sums, 0.0)
    for number in range(group.tiles):
        weights = group.buffers.exponentials[number]
        nisa.activation_reduce(
            dst=weights,
            op=nl.exp,
            data=group.turn.scores[number],
            bias=group.negative_max,
            reduce_op=nl.add,
            reduce_res=columns(group.turn.sums, number, 1),
        )
        nisa.dma_transpose(
            dst=group.turn.turned[number].reshape((PARTITIONS, 1, PARTS, QUERIES)),
            src=weights.reshape((QUERIES, 1, PARTS, PARTITIONS)),
        )


def _sum_values(group, numbers):
    """Of these tiles of keys, as far as the queries see them; the first sets the result, others add
    to it."""
    numbers = [number for number in numbers if number < group.tiles]
    if not numbers:
        return
    product = group.buffers.sums[numbers[0] // TILES_OF_SUM % 4]
    for number in numbers:
        for part in range(PARTS):
            if number * KEYS + part * PARTITIONS > group.first:
                break
            nisa.nc_matmul(
                dst=product,
                stationary=group.turn.turned[number][:, part, :],
                moving=group.buffers.values[number * PARTS + part],
                accumulate=(number, part) != (numbers[0], 0),
            )
    result = group.turn.result
    if numbers[0] == 0:
        nisa.tensor_copy(dst=result, src=product)
    else:
        nisa.tensor_tensor(dst=result, data1=result, data2=product, op=nl.add)


def _write(group):
    turn = group.turn
    nisa.tensor_reduce(dst=turn.total, op=nl.add, data=turn.sums, axis=1)
    nisa.reciprocal(dst=group.factor, data=turn.total)
    nisa.activation(dst=turn.rows, op=nl.copy, data=turn.result, scale=group.factor)
    store(group.head.out[nl.ds(group.first, QUERIES), :], turn.rows)


def _attend(head, count):
    """In step i the values of group i - 2 are summed, the exponentials of i - 1 and the scores of
    i made; sums and scores alternate."""
    groups = []
    for i in range(count + 2):
        if i < count:
            groups.append(_Group(head, i))
        if 0 < i <= count:
            _make_exponentials(groups[i - 1])
        for first in range(0, len(head.buffers.keys), TILES_OF_SUM):
            numbers = range(first, min(first + TILES_OF_SUM, len(head.buffers.keys)))
            if i >= 2:
                _sum_values(groups[i - 2], numbers)
            if i < count:
                _make_scores(groups[i], numbers)
        if i >= 2:
            _write(groups[i - 2])
        if i < count:
            _find_max(groups[i])


@nki.jit
def _causal_attention(q, k, v):
    out = hbm(q.shape, q.dtype)
    buffers = _Buffers(*k.shape[1:], q.dtype)
    for i in range(q.shape[0]):
        shared = i * k.shape[0] // q.shape[0]
        head = _Head(buffers, q[i], k[shared], v[shared], out[i])
        _attend(head, q.shape[1] // QUERIES)
    return out


def causal_attention(length, heads=16, kv_heads=8, d=128, dtype="bfloat16"):
    """Several heads share their keys and values, but each loads them. All operands are
    [heads, length, d]."""
    q = placeholder((heads, length, d), dtype)
    k, v = (placeholder((kv_heads, length, d), dtype) for _ in range(2))
    return Program(_causal_attention, (q, k, v))
