"""Cases: what a call is, and what it must leave.

An oracle is a function of a `Generator` that draws arguments and returns a `Case`. Everything that
is not expected to change must stay as it was.
"""

from dataclasses import dataclass, field

import numpy as np
from generate import TARGETS
from mirror import View
from storage_types import TYPES

ORACLES = {}


@dataclass(frozen=True)
class Oracle:
    """How one instruction is compared: `draw(generator)` gives a Case; None draws again."""

    name: str
    family: str
    draw: callable
    count: int
    targets: tuple

    def __str__(self):
        return self.name


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
    `checked`. `peer` is what a second core does at the same time."""

    calls: list
    expect: list = field(default_factory=list)
    check: callable = None
    checked: list = field(default_factory=list)
    peer: "Case" = None

    def arguments(self):
        for _, arguments in self.calls:
            yield from _flatten(list(arguments.values()))

    def storages(self):
        """Every storage among the arguments, and those that views of them need."""
        found = {}
        pending = [*self.arguments(), *(e.view for e in self.expect), *self.checked]
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
            lines.append(getattr(name, "__name__", name))
            lines += [f"  {key} = {_text(value)}" for key, value in arguments.items()]
        if self.peer is not None:
            lines.append(f"and on the other core\n{self.peer}")
        return "\n".join(lines)


def _flatten(value):
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return [leaf for item in value for leaf in _flatten(item)]
    return [value]


def _text(value):
    if isinstance(value, dict):
        return ", ".join(f"{key}={_text(item)}" for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_text(v) for v in value) + "]"
    if isinstance(value, Register):
        return f"register of {_text(value.value)}"
    return repr(value) if isinstance(value, View) else str(value)
