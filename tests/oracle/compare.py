"""Compares what Kiln computes with what an oracle expects, for random cases."""

import importlib
import os
import zlib

import nki.isa as nisa
import numpy as np
import pytest
from case import ORACLES
from execute import run, target
from generate import Generator
from operators import Undetermined
from storage_types import TYPES

from kiln import _core


def disagreement(case, results):
    """What is wrong with the results, as text; None if nothing is."""

    def held(view):
        return view.flat(results[id(view.storage)])[view.index]

    if case.check is not None:
        try:
            case.check(held)
        except AssertionError as error:
            return str(error) or "the check failed"
    for expect in case.expect:
        bits = held(expect.view)
        wrong = _differs(expect, bits)
        if wrong.any():
            return _describe(expect, bits, wrong)
    for view in [*(e.view for e in case.expect), *case.checked]:
        _restore(view, results[id(view.storage)])
    for storage in case.storages():
        if not np.array_equal(results[id(storage)], storage.bits):
            where = np.argwhere(results[id(storage)] != storage.bits)
            return f"{storage} changed outside of what is written, first at {where[0].tolist()}"
    return None


def _restore(view, result):
    """Puts back what was there, so that what is left are changes that should not be."""
    result.reshape(-1).view(TYPES[view.type].bits)[view.index] = view.bits()


def _differs(expect, bits):
    kind = TYPES[expect.view.type]
    if expect.exact or kind.is_packed or kind.name == "bool":
        return bits != expect.low
    same = (bits == expect.low) | (bits == expect.high)
    nan_wanted = kind.is_nan(expect.low) | kind.is_nan(expect.high)
    same |= kind.is_nan(bits) & nan_wanted
    if expect.unsigned_zero or expect.low is not expect.high:
        with np.errstate(all="ignore"):
            got = bits.view(kind.numpy).astype(np.float64)
            low = expect.low.view(kind.numpy).astype(np.float64)
            high = expect.high.view(kind.numpy).astype(np.float64)
            same |= (low <= got) & (got <= high)
    return ~same


def _describe(expect, bits, wrong):
    kind = TYPES[expect.view.type]
    at = tuple(np.argwhere(wrong)[0])
    show = [b[at].view(kind.numpy) for b in (np.ascontiguousarray(bits), expect.low, expect.high)]
    hexes = [format(int(b[at]), "#x") for b in (bits, expect.low, expect.high)]
    wanted = f"{show[1]} ({hexes[1]})"
    if hexes[1] != hexes[2]:
        wanted += f" to {show[2]} ({hexes[2]})"
    count = int(wrong.sum())
    return (
        f"{expect.view}\n  at {[int(i) for i in at]}: got {show[0]} ({hexes[0]}), expected {wanted}"
        f"; {count} of {wrong.size} elements differ"
    )


def seed():
    """KILN_TEST_SEED, or 1."""
    return int(os.environ.get("KILN_TEST_SEED") or 1)


def repetitions(count):
    """The share of `count` that KILN_TEST_PERCENT asks for, three at least; all without it."""
    percent = os.environ.get("KILN_TEST_PERCENT")
    return count if not percent else max(3, count * int(percent) // 100)


def family(name):
    """The oracles of oracles_<name>.py."""
    importlib.import_module(f"oracles_{name}")
    return [entry for entry in ORACLES.values() if entry.family == name]


def compare_instruction(entry):
    """Draws cases of an oracle and compares each; fails with the first that differs. An instruction
    that Kiln does not have yet is skipped."""
    if entry.name not in _core.isa.names:
        pytest.skip(f"there is no {entry.name}")
    for number in range(repetitions(entry.count)):
        compare_case(entry.name, entry.draw, entry.targets, number)


def compare_case(name, draw, targets, number):
    """Draws and compares case `number` of this name; AssertionError if it differs or is refused."""
    rng = np.random.default_rng([seed(), zlib.crc32(name.encode()), number])
    generation = targets[number % len(targets)]
    try:
        case = draw(Generator(rng, generation))
    except Undetermined:
        return
    if case is None:
        return
    with target(generation):
        try:
            results = run(case)
            wrong = disagreement(case, results)
            if case.peer is not None:
                wrong = wrong or disagreement(case.peer, results)
        except nisa.NkiValidationError as error:
            wrong = f"refused: {error}"
    if wrong:
        raise AssertionError(
            f"{name}: KILN_TEST_SEED={seed()}, case {number}, {generation}\n{case}\n{wrong}"
        )


def draw_case(name, number):
    """Case `number` of an instruction's oracle, to look at one that failed."""
    entry = ORACLES[name]
    rng = np.random.default_rng([seed(), zlib.crc32(name.encode()), number])
    return entry.draw(Generator(rng, entry.targets[number % len(entry.targets)]))
