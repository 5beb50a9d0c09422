"""Rules on names: those that nobody defines, those that NKI does not have, and arguments that its
functions do not take."""

import ast
import enum
import types

from kiln import _core, api
from kiln.gate import kinds, origins
from kiln.gate.scopes import MISSING, UNKNOWN

# Names of earlier releases, and what the migration guides give instead.
_REMOVED = {
    "nki.language.arange": "slice the tensor, or use .ap",
    "nki.language.mgrid": "slice the tensor, or use .ap",
    "nki.language.par_dim": "put the partition dimension first",
    "nki.isa.tensor_copy_dynamic_src": "use tensor_copy with .ap(scalar_offset=…)",
    "nki.isa.tensor_copy_dynamic_dst": "use tensor_copy with .ap(scalar_offset=…)",
    "nki.baremetal": "call the kernel with NumPy arrays",
    "nki.simulate_kernel": "use nki.simulate",
}
# Arguments that nothing depends on and public kernels give (Spec::ignored of the instruction).
_IGNORED = {"nki.isa.tensor_copy": "dtype", "nki.isa.scalar_tensor_tensor": "dtype"}


def _name(walk, node):
    if not isinstance(node.ctx, ast.Load):
        return
    value = walk.value(node)
    if value is MISSING and not walk.checker.has_dialect_name(node.id):
        known = [*walk.environment.globals, *walk.environment.closure, *walk.scope.names()]
        kind = kinds.undefined_in_branch if walk.branches else kinds.unknown_name
        _unknown(walk, kind, node, f"{node.id} is not defined", node.id, known)


def _attribute(walk, node):
    owner = walk.value(node.value)
    if owner is UNKNOWN or owner is MISSING:
        return
    if origins.module_name(owner).startswith("neuronxcc") and isinstance(node.ctx, ast.Load):
        walk.add(
            *(kinds.unknown_name, node),
            f"{ast.unparse(node)} is of neuronxcc, the namespace of NKI 0.1; kernels use nki",
            "import it from nki",
        )
    elif walk.value(node) is MISSING:
        whole = f"{_called(owner)}.{node.attr}"
        message = f"there is no {whole}"
        known = [n for n in dir(owner) if not n.startswith("_")]
        known = list(getattr(owner, "__all__", known))
        if isinstance(owner, enum.EnumType):
            known = list(owner.__members__)
        if whole in _REMOVED:
            walk.add(kinds.unknown_name, node, f"{message} any more", _REMOVED[whole])
        else:
            _unknown(walk, kinds.unknown_name, node, message, node.attr, known)


def _called(owner):
    """An owner of attributes, as users call it."""
    if isinstance(owner, types.ModuleType):
        return owner.__name__.removeprefix("kiln.")
    return getattr(owner, "__name__", None) or "nki.language.tile_size"


def _unknown(walk, kind, node, message, name, known):
    near = "" if name.startswith("__") else _core.nearest(name, known)
    hint = f"; did you mean {near!r}?" if near else ""
    fix = f"write {near}" if near else "define it, or import it"
    walk.add(kind, node, message + hint, fix)


def _call(walk, node):
    function = walk.value(node.func)
    name = origins.name_of(function)
    if name is None or isinstance(function, type) or walk.checker.is_beta2:
        return
    taken = list(dict.fromkeys([*api.parameters(function), *_documented().get(name, ())]))
    if not taken or "options" in taken:
        return
    for keyword in node.keywords:
        if keyword.arg is None or keyword.arg in taken or keyword.arg == _IGNORED.get(name):
            continue
        near = _core.nearest(keyword.arg, taken)
        hint = f"did you mean {near!r}?" if near else f"it takes {', '.join(taken)}"
        walk.add(
            *(kinds.unknown_argument, keyword),
            f"{name.removeprefix('nki.')} has no argument {keyword.arg!r}; {hint}",
            f"write {near}" if near else None,
        )


_parameters = {}


def _documented():
    """{public name: documented parameters}."""
    if not _parameters:
        for entry in api.public_names()["names"]:
            _parameters[entry["name"]] = entry.get("parameters", [])
    return _parameters


RULES = {"Name": [_name], "Attribute": [_attribute], "Call": [_call]}
