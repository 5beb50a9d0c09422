"""Comparisons: what a call is, how Kiln runs it, how its result is compared.

An oracle is a function of a `Generator` that draws arguments and returns a `Case`: the calls to
make, and what each tensor that they write must hold afterwards. Everything else that the storages
hold must stay as it was.
"""

import contextlib
import os
import zlib
from dataclasses import dataclass, field

import nki
import nki.isa as nisa
import nki.language as nl
import numpy as np
from generate import TARGETS, Generator
from mirror import Storage, View, dtype_of
from operators import Undetermined
from storage_types import TYPES

from kiln import _core

ORACLES = {}


@dataclass(frozen=True)
class Oracle:
    """How one instruction is compared: `draw(generator)` gives a Case; None draws again."""

    name: str
    family: str
    draw: callable
    count: int
    targets: tuple


def oracle(name, count=150, targets=TARGETS):
    """Registers a function as the oracle of an instruction, compared `count` times."""

    def register(draw):
        family = draw.__module__.removeprefix("oracles_")
        assert name not in ORACLES, name
        ORACLES[name] = Oracle(name, family, draw, count, tuple(targets))
        return draw

    return register


@dataclass(eq=False)
class Register:
    """A register of the kernel: an integer, or loaded from a tensor of one element."""

    value: object


@dataclass(frozen=True)
class Expect:
    """What a view must hold afterwards: every element within [low, high] as stored numbers, where
    low and high are bits. `exact` wants the very bits; else any NaN is a NaN, and with
    `unsigned_zero` any zero a zero."""

    view: View
    low: np.ndarray
    high: np.ndarray
    exact: bool = False
    unsigned_zero: bool = False


def same_bits(view, bits):
    """The view must hold exactly these bits."""
    bits = np.broadcast_to(np.asarray(bits, TYPES[view.type].bits), view.shape)
    return Expect(view, bits, bits, exact=True)


def same_integers(view, values):
    """The view, of an integer type, must hold these integers modulo its size."""
    kind = TYPES[view.type]
    bits = (np.asarray(values, np.int64) & ((1 << (8 * kind.bytes)) - 1)).astype(kind.bits)
    return same_bits(view, bits.reshape(view.shape))


def same_numbers(view, values, unsigned_zero=False):
    """The view must hold these float32 values, rounded once to its type."""
    values = np.asarray(values, np.float32).reshape(view.shape)
    bits = TYPES[view.type].from_float32(values)
    return Expect(view, bits, bits, unsigned_zero=unsigned_zero)


def near_numbers(view, values, relative, absolute=0.0):
    """The view must hold numbers that lie within a tolerance of these before rounding."""
    values = np.asarray(values, np.float64).reshape(view.shape)
    with np.errstate(all="ignore"):
        margin = np.abs(values) * relative + absolute
        margin = np.where(np.isfinite(margin), margin, 0)
        low, high = (values - margin), (values + margin)
        kind = TYPES[view.type]
        low, high = low.astype(np.float32), high.astype(np.float32)
    return Expect(view, kind.from_float32(low), kind.from_float32(high), unsigned_zero=True)


@dataclass(eq=False)
class Case:
    """Calls in order, each (name, arguments), and what they must leave. An argument is a View, a
    Register or what Kiln takes. `check`, for what no expected value says, is given a function that
    returns a view's bits after the calls, and raises AssertionError; what it looks at is in
    `checked`."""

    calls: list
    expect: list = field(default_factory=list)
    check: callable = None
    checked: list = field(default_factory=list)

    def arguments(self):
        for _, arguments in self.calls:
            yield from _flatten(list(arguments.values()))

    def storages(self):
        found = {}
        pending = [*self.arguments(), *(e.view for e in self.expect)]
        while pending:
            item = pending.pop(0)
            if isinstance(item, Register):
                item = item.value
            if isinstance(item, View):
                found[id(item.storage)] = item.storage
                pending += [a for _, args in item.made for a in _flatten(list(args))]
        return list(found.values())

    def __str__(self):
        lines = []
        for name, arguments in self.calls:
            lines.append(name)
            lines += [f"  {key} = {_text(value)}" for key, value in arguments.items()]
        return "\n".join(lines)


def _flatten(value):
    if isinstance(value, (list, tuple)):
        return [leaf for item in value for leaf in _flatten(item)]
    return [value]


def _text(value):
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_text(v) for v in value) + "]"
    if isinstance(value, Register):
        return f"register of {_text(value.value)}"
    return repr(value) if isinstance(value, View) else str(value)


# Running a case.


def run(case):
    """What each storage holds after the calls, as {id of the storage: bits}."""
    storages = case.storages()
    native = [s.type not in ("tfloat32", "bool") and not TYPES[s.type].is_packed for s in storages]
    inputs = [
        np.array(s.bits.view(TYPES[s.type].numpy) if n else s.bits)
        for s, n in zip(storages, native, strict=True)
    ]

    @nki.jit
    def kernel(inputs):
        tensors = {id(s): _enter(s, given) for s, given in zip(storages, inputs, strict=True)}

        def resolve(value):
            if isinstance(value, View):
                return value.on(tensors[id(value.storage)], resolve)
            if isinstance(value, Register):
                return _register(resolve(value.value))
            if isinstance(value, (list, tuple)):
                return type(value)(resolve(item) for item in value)
            return value

        for name, arguments in case.calls:
            call = name if callable(name) else getattr(nisa, name)
            call(**{key: resolve(value) for key, value in arguments.items()})
        return [_leave(s, tensors[id(s)]) for s in storages]

    outputs = kernel(inputs)
    return {
        id(s): np.ascontiguousarray(o).view(TYPES[s.type].bits).reshape(s.bits.shape)
        for s, o in zip(storages, outputs, strict=True)
    }


def _register(value):
    if isinstance(value, int):
        return nisa.register_alloc(value)
    register = nisa.register_alloc()
    nisa.register_load(register, value)
    return register


def _carrier(storage):
    """A type of the same size whose elements every instruction copies bit for bit."""
    return dtype_of(f"uint{8 * TYPES[storage.type].bytes}")


def _as_bits(tensor, storage):
    return tensor if str(tensor.dtype) == str(_carrier(storage)) else tensor.view(_carrier(storage))


def _enter(storage, given):
    """The storage's tensor in its memory, with its contents."""
    shape, dtype = storage.bits.shape, dtype_of(storage.type)
    memory = nl.private_hbm if storage.memory == "hbm" else getattr(nl, storage.memory)
    tensor = nl.ndarray(shape, dtype=dtype, buffer=memory)
    source, target = _as_bits(given, storage), _as_bits(tensor, storage)
    if storage.memory == "psum":
        staged = nl.ndarray(shape, dtype=_carrier(storage), buffer=nl.sbuf)
        nisa.dma_copy(dst=staged, src=source)
        nisa.tensor_copy(dst=target, src=staged)
    else:
        nisa.dma_copy(dst=target, src=source)
    return tensor


def _leave(storage, tensor):
    source = _as_bits(tensor, storage)
    if storage.memory == "psum":
        staged = nl.ndarray(storage.bits.shape, dtype=_carrier(storage), buffer=nl.sbuf)
        nisa.tensor_copy(dst=staged, src=source)
        source = staged
    out = nl.ndarray(storage.bits.shape, dtype=_carrier(storage), buffer=nl.shared_hbm)
    nisa.dma_copy(dst=out, src=source)
    return out


@contextlib.contextmanager
def target(name):
    """Kernels are recorded for this generation."""
    before = os.environ.get("NKI_NC_VERSION")
    os.environ["NKI_NC_VERSION"] = name
    try:
        yield
    finally:
        if before is None:
            del os.environ["NKI_NC_VERSION"]
        else:
            os.environ["NKI_NC_VERSION"] = before


# Comparing.


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


# Repeating.


def seed():
    """KILN_TEST_SEED, or 1."""
    return int(os.environ.get("KILN_TEST_SEED") or 1)


def repetitions(count):
    """The share of `count` that KILN_TEST_PERCENT asks for, three at least; all without it."""
    percent = os.environ.get("KILN_TEST_PERCENT")
    return count if not percent else max(3, count * int(percent) // 100)


def missing(name):
    """Whether this build has no such instruction."""
    return name not in _core.isa.names


def compare_instruction(entry):
    """Draws cases of an oracle and compares each; fails with the first that differs."""
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
            wrong = disagreement(case, run(case))
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


__all__ = [
    *("Case", "Expect", "ORACLES", "Register", "Storage", "View", "compare_case"),
    *("compare_instruction", "draw_case", "missing", "near_numbers", "oracle", "repetitions"),
    *("same_bits", "same_integers", "same_numbers", "seed", "target"),
]
