"""Rules on state outside of a kernel: it must not change any, nor depend on what others change."""

import ast
import dataclasses
import enum
import types

import numpy as np

from kiln.gate import kinds, origins, scopes
from kiln.gate.sources import FUNCTIONS

# Methods of Python's containers that change them.
_CHANGING = frozenset(
    ("append", "extend", "insert", "remove", "pop", "clear", "sort", "reverse", "update")
    + ("setdefault", "popitem", "add", "discard", "appendleft")
)
_CONTAINERS = (list, dict, set, bytearray)


def _global(walk, node):
    walk.add_head(
        *(kinds.impure_kernel, node),
        f"global {', '.join(node.names)}; a kernel assigns to no variable outside of it",
        "return the value, or pass a list or a dictionary that is changed",
    )


def _store(walk, node):
    """x[i] = …, x.y = … of something that is outside of the kernel."""
    if isinstance(node.ctx, (ast.Store, ast.Del)):
        name = scopes.root(node)
        if name is not None and _is_outside(walk, name):
            _changes(walk, node, name)


def _call(walk, node):
    """x.append(…) of a container that is outside of the kernel."""
    function = node.func
    if not isinstance(function, ast.Attribute) or function.attr not in _CHANGING:
        return
    name = function.value
    if isinstance(name, (ast.Name, ast.Attribute)):
        known = walk.value(name)
        if isinstance(known, _CONTAINERS) and _is_outside(walk, scopes.root(name)):
            _changes(walk, node, name)


def _is_outside(walk, name):
    if walk.scope.is_local(name.id):
        return False
    value = walk.scope.lookup(name.id)
    return value is not scopes.UNKNOWN and value is not scopes.MISSING


def _changes(walk, node, name):
    walk.told.add(id(scopes.root(name)))
    walk.add(
        *(kinds.impure_kernel, node),
        f"{ast.unparse(name)} is changed, which is outside of {walk.subject}; "
        "a kernel has no side effects",
        "return the value, or make the object in the kernel",
    )


def _read(walk, node):
    """A name of the enclosing function that holds something mutable, or a global that a function
    assigns to."""
    if not isinstance(node.ctx, ast.Load) or id(node) in walk.told:
        return
    if walk.scope.is_local(node.id):
        return
    closure = walk.environment.closure
    if node.id in closure:
        if _is_mutable(closure[node.id]):
            walk.advise(
                *(kinds.mutable_state, node),
                f"{node.id} of the enclosing function is {_a(type(closure[node.id]).__name__)}, "
                "which can change between calls",
            )
    elif node.id in walk.environment.globals:
        setter = _assigned_globals(walk.source).get(node.id)
        if setter is not None:
            walk.advise(
                *(kinds.mutable_state, node),
                f"{node.id} is a global that {setter} assigns, so it can change between calls",
            )


def _is_mutable(value):
    if isinstance(value, (*_CONTAINERS, np.ndarray)):
        return True
    if not hasattr(value, "__dict__") or callable(value):
        return False
    if isinstance(value, (enum.Enum, types.ModuleType)) or origins.is_nki(value):
        return False
    frozen = dataclasses.is_dataclass(value) and value.__dataclass_params__.frozen
    return not frozen and not origins.is_host(type(value))


def _a(name):
    return f"an {name}" if name[0] in "aeiou" else f"a {name}"


def _assigned_globals(source):
    """{name of a global: the function that declares and assigns it} of a file."""
    if not hasattr(source, "assigned_globals"):
        source.assigned_globals = {
            name: function.name
            for function in ast.walk(source.tree)
            if isinstance(function, FUNCTIONS)
            for node in ast.walk(function)
            if isinstance(node, ast.Global)
            for name in node.names
        }
    return source.assigned_globals


RULES = {
    "Global": [_global],
    "Subscript": [_store],
    "Attribute": [_store],
    "Call": [_call],
    "Name": [_read],
}
