"""Oracles of random numbers: ranges, frequencies, and that a seed or a state repeats them.

NKI names the algorithms and gives no sequence, so nothing here says which numbers come.
"""

import nki.isa as nisa
import numpy as np
from case import Case, oracle, same_bits, same_numbers
from generate import allowed_starts
from mirror import View
from storage_types import FLOATS, INTEGERS, TYPES

_STATE_WORDS = {"gpsimd": 6, "vector": 24}


def _six_sigma(count):
    """How far the share of ones among `count` fair bits may be off, in one case of 5e8."""
    return 3.0 / np.sqrt(count)


def _fair(bits):
    """The bits of random integers are as often 1 as 0."""
    ones = np.unpackbits(np.ascontiguousarray(bits).view(np.uint8))
    share = ones.mean()
    assert abs(share - 0.5) <= _six_sigma(ones.size), f"{share:.4f} of the bits are 1"


def _lanes(g, partitions, elements, count):
    """Tiles of uint32 in the same partitions, as each has its own generator."""
    start = g.pick([s for s in allowed_starts(partitions) if s + partitions <= 128])
    shape = (start + partitions, elements)
    wholes = [View.whole(g.storage("sbuf", "uint32", shape, "any")) for _ in range(count)]
    return [whole[start : start + partitions, :] for whole in wholes]


@oracle("rng", count=60)
def rng(g):
    partitions = g.partitions()
    shape = (partitions, *g.dims(g.elements(partitions)))
    engine = "gpsimd" if g.target != "gen2" and g.chance(0.4) else "vector"
    memory = "sbuf" if engine == "gpsimd" else g.memory()
    dst = g.tile(shape, g.pick(INTEGERS), memory, "any", written=True)
    arguments = {"dst": dst}
    if engine == "gpsimd" or g.chance(0.5):
        arguments["engine"] = nisa.engine[engine]
    return Case([("rng", arguments)], [], lambda held: _fair(held(dst)), [dst])


@oracle("set_rng_seed", count=60)
def set_rng_seed(g):
    """The same seed gives the same numbers; another seed gives others."""
    partitions = g.partitions()
    tiles = _lanes(g, partitions, max(8, g.elements(partitions)), 3)
    number = g.integer(1, 2**31 - 2)
    seeds = [g.filled("uint32", np.full((1, 1), n, np.uint32)) for n in (number, number + 1)]
    calls = []
    for tile, seed in zip(tiles, (seeds[0], seeds[1], seeds[0]), strict=True):
        calls.append(("set_rng_seed", {"src_seeds": seed}))
        calls.append(("rng", {"dst": tile}))

    def check(held):
        first, other, again = (held(t) for t in tiles)
        assert np.array_equal(first, again), "the same seed gave other numbers"
        assert not np.array_equal(first, other), "another seed gave the same numbers"

    return Case(calls, [], check, tiles)


def _engine(g):
    return "vector" if g.target == "gen4" and g.chance(0.5) else "gpsimd"


@oracle("rand_get_state", count=40, targets=("gen3", "gen4"))
def rand_get_state(g):
    """What was set is read back."""
    engine = _engine(g)
    state, dst = _lanes(g, g.partitions(), _STATE_WORDS[engine], 2)
    chosen = {"engine": nisa.engine[engine]}
    calls = [
        ("rand_set_state", {"src_seeds": state, **chosen}),
        ("rand_get_state", {"dst": dst, **chosen}),
    ]
    return Case(calls, [same_bits(dst, state.bits())])


@oracle("rand_set_state", count=40, targets=("gen3", "gen4"))
def rand_set_state(g):
    """A state that is set again gives the same numbers again, and generating changes it."""
    engine = _engine(g)
    words = _STATE_WORDS[engine]
    state, after, *tiles = _lanes(g, g.partitions(), words, 4)
    chosen = {"engine": nisa.engine[engine]}
    calls = []
    for tile in tiles:
        calls.append(("rand_set_state", {"src_seeds": state, **chosen}))
        calls.append(("rng", {"dst": tile, **chosen}))
    calls.append(("rand_get_state", {"dst": after, **chosen}))

    def check(held):
        assert np.array_equal(held(tiles[0]), held(tiles[1])), "one state gave different numbers"
        assert not np.array_equal(held(after), state.bits()), "the state did not change"

    return Case(calls, [], check, [*tiles, after])


@oracle("rand2", count=60, targets=("gen4",))
def rand2(g):
    partitions = g.partitions()
    shape = (partitions, *g.dims(g.elements(partitions)))
    dst = g.tile(shape, "float32", g.memory(), "finite", written=True)
    low, high = g.pick(((0.0, 1.0), (-2.0, 3.0), (10.0, 11.0)))
    arguments = {"dst": dst, "min": low, "max": high}
    if g.chance(0.4):
        column = np.full((partitions, 1), high, np.float32).view(np.uint32)
        arguments["max"] = g.filled("float32", column)

    def check(held):
        values = held(dst).view(np.float32).astype(np.float64)
        assert values.min() >= low and values.max() <= high, (values.min(), values.max())
        spread = 6 * (high - low) / np.sqrt(12 * values.size)
        assert abs(values.mean() - (low + high) / 2) <= spread, f"mean {values.mean()}"

    return Case([("rand2", arguments)], [], check, [dst])


@oracle("dropout", count=80)
def dropout(g):
    partitions = g.partitions()
    shape = (partitions, *g.dims(g.elements(partitions)))
    type = g.pick((*INTEGERS, *FLOATS))
    # No zeros among the data, which would look dropped.
    data = g.tile(shape, type, g.memory(), (1, 100))
    dst = g.tile(shape, type, g.memory(), "finite", written=True)
    probability = g.pick((0.0, 1.0, 0.25, 0.5))
    arguments = {"dst": dst, "data": data, "prob": probability}
    if g.chance(0.4):
        column = np.full((partitions, 1), probability, np.float32).view(np.uint32)
        arguments["prob"] = g.filled("float32", column)
    if probability == 0.0:
        return Case([("dropout", arguments)], [same_bits(dst, data.bits())])
    if probability == 1.0:
        return Case([("dropout", arguments)], [same_numbers(dst, np.zeros(shape), True)])

    def check(held):
        got = held(dst)
        dropped = TYPES[type].to_float32(got) == 0
        assert (dropped | (got == data.bits())).all(), "an element is neither kept nor zero"
        share = dropped.mean()
        assert abs(share - probability) <= _six_sigma(dropped.size), f"{share:.4f} were dropped"

    return Case([("dropout", arguments)], [], check, [dst])
