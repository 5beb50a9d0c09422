"""How much of NKI's public interface there is: every public name, whether Kiln has it, where it is
implemented, which tests exercise it, and on which generations it exists.

The names are facts from NKI's documentation, in public_names.json (written by tools/public_names).
Everything else is found by looking: at the objects that Kiln's nki offers, and, in a checkout, at
its sources and tests.
"""

import dataclasses
import importlib
import inspect
import json
import pathlib

from kiln import _core, _target
from kiln.api import sources, usage

IMPLEMENTED, PARTIAL, MISSING = "implemented", "partial", "missing"
# A name that the generation's hardware does not have.
UNAVAILABLE = "unavailable"

_DATA = pathlib.Path(__file__).with_name("public_names.json")
_ABSENT = object()


@dataclasses.dataclass
class Row:
    """What is known of one public name."""

    name: str  # "nki.isa.dma_copy"
    kind: str  # function, class, enum, constant, method or attribute
    status: str
    generations: dict  # by "gen2", …: the status there, or UNAVAILABLE
    parameters: list | None = None  # as documented
    missing: list = dataclasses.field(default_factory=list)  # parameters or members
    member_of: str | None = None
    where: str | None = None  # "path:line"; None outside a checkout
    tests: list = dataclasses.field(default_factory=list)  # paths of files


def public_names():
    """The data file: source, nki_version, and names with their kinds, parameters and members."""
    return json.loads(_DATA.read_text())


def coverage():
    """A Row for every public name, members of classes after their class."""
    root = sources.checkout()
    places = sources.Places(root) if root else None
    used = usage.files_by_name(root) if root else {}
    rows = []
    for entry in public_names()["names"]:
        row, value = _row(entry)
        rows.append(row)
        if entry["kind"] != "enum":
            rows += [_member(row, value, member) for member in entry.get("members", [])]
        for each in rows[rows.index(row) :]:
            _look_up(each, places, used)
    return rows


def _look_up(row, places, used):
    """Fills in what only a checkout knows."""
    row.tests = used.get(row.name, [])
    if places and row.status != MISSING:
        row.where = places.of(row.name)


def _row(entry):
    """(Row, Kiln's object or _ABSENT) of a name of a module."""
    module, _, name = entry["name"].rpartition(".")
    try:
        value = getattr(importlib.import_module(f"kiln.{module}"), name, _ABSENT)
    except ModuleNotFoundError:
        value = _ABSENT
    missing = _lacks(entry, value)
    status = MISSING if value is _ABSENT else PARTIAL if missing else IMPLEMENTED
    row = Row(
        entry["name"],
        entry["kind"],
        status,
        _generations(entry["name"], value, status),
        entry.get("parameters"),
        [] if value is _ABSENT else missing,
    )
    return row, value


def _member(owner, value, entry):
    """The Row of a method or an attribute of a class, or of a constant's object."""
    member = _ABSENT
    if value is not _ABSENT:
        member = getattr(value, entry["name"], _ABSENT)
    missing = _lacks(entry, member)
    status = MISSING if member is _ABSENT else PARTIAL if missing else IMPLEMENTED
    return Row(
        f"{owner.name}.{entry['name']}",
        entry["kind"],
        status,
        {g: status if s != UNAVAILABLE else s for g, s in owner.generations.items()},
        entry.get("parameters"),
        [] if member is _ABSENT else missing,
        owner.name,
    )


def _lacks(entry, value):
    """Documented parameters, or members, that the object does not have. Indexing has no names."""
    if value is _ABSENT:
        return []
    if "parameters" in entry and not entry["name"].startswith("__"):
        known = parameters(value)
        return [p for p in entry["parameters"] if p not in known]
    return [m["name"] for m in entry.get("members", []) if getattr(value, m["name"], None) is None]


def parameters(function):
    """The names of the parameters of one of Kiln's functions."""
    if isinstance(function, _core.language.Operator):
        operands = {0: [], 1: ["x"], 2: ["x", "y"]}[function.operands]
        return [*operands, "dtype"] if operands else []
    try:
        return list(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return []


def _generations(name, value, status):
    """The status on each generation: what came later is unavailable before."""
    since = _core.since.get(name, 0)
    if isinstance(value, _core.language.Operator):
        since = value.since
    return {
        generation: UNAVAILABLE if index < since else status
        for index, generation in enumerate(_target.NAMES)
    }
