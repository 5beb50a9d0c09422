"""What names mean in a function, without running it: locals are unknown, the rest are the objects
that the function's globals, its closure and Python's builtins hold now."""

import ast
import builtins
import enum
import inspect
import types

from kiln.gate.sources import FUNCTIONS


class _Mark:
    def __init__(self, name):
        self._name = name

    def __repr__(self):
        return self._name


UNKNOWN = _Mark("UNKNOWN")  # known only when the kernel runs
MISSING = _Mark("MISSING")  # there is no such name or attribute


class Environment:
    """The names that a function object finds outside its body."""

    def __init__(self, fn):
        self.globals = fn.__globals__
        self.closure = {}
        for name, cell in zip(fn.__code__.co_freevars, fn.__closure__ or (), strict=False):
            try:
                self.closure[name] = cell.cell_contents
            except ValueError:  # the enclosing function has not assigned it yet
                self.closure[name] = UNKNOWN

    def lookup(self, name):
        if name in self.closure:
            return self.closure[name]
        if name in self.globals:
            return self.globals[name]
        return vars(builtins).get(name, MISSING)


class Scope:
    """The names of a function, and of those around it up to the one that is checked."""

    def __init__(self, node, outer):
        self._outer = outer  # a Scope or an Environment
        self._bound, self._globals = _bound(node)

    def lookup(self, name):
        """The object, UNKNOWN or MISSING."""
        if name in self._globals:
            return self.environment().globals.get(name, UNKNOWN)
        return UNKNOWN if name in self._bound else self._outer.lookup(name)

    def names(self):
        """The names that are bound here and around."""
        around = self._outer.names() if isinstance(self._outer, Scope) else set()
        return self._bound | around

    def environment(self):
        outer = self._outer
        return outer if isinstance(outer, Environment) else outer.environment()

    def is_local(self, name):
        """Whether the function that is checked, or one in it, binds the name."""
        if name in self._globals:
            return False
        return name in self._bound or (
            isinstance(self._outer, Scope) and self._outer.is_local(name)
        )

    def value(self, node):
        """The object that an expression of names and attributes is, UNKNOWN or MISSING."""
        if isinstance(node, ast.Name):
            return self.lookup(node.id)
        if isinstance(node, ast.Attribute):
            return attribute(self.value(node.value), node.attr)
        return UNKNOWN


def attribute(owner, name):
    """An attribute of what does not change: a module, a class, NKI's constants."""
    if isinstance(owner, (types.ModuleType, enum.EnumType)):
        try:
            return getattr(owner, name, MISSING)
        except Exception:  # a module that imports its parts when they are asked for
            return UNKNOWN
    if isinstance(owner, type):
        found = inspect.getattr_static(owner, name, UNKNOWN)
        return getattr(found, "__func__", found)
    if type(owner).__module__ == "kiln.nki.language._objects":  # nl.tile_size
        return getattr(owner, name, MISSING)
    return UNKNOWN


def root(node):
    """The Name that a chain of attributes, indices and calls starts with, or None."""
    while isinstance(node, (ast.Attribute, ast.Subscript, ast.Starred)):
        node = node.value
    return node if isinstance(node, ast.Name) else None


def _bound(function):
    """(names that a function or lambda binds, names that it declares global)."""
    arguments = function.args
    bound = {
        a.arg
        for a in (
            *(*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs),
            *(a for a in (arguments.vararg, arguments.kwarg) if a),
        )
    }
    declared = set()
    body = function.body if isinstance(function.body, list) else [function.body]
    pending = list(body)
    while pending:
        node = pending.pop()
        if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            bound.add(node.name)
            pending += node.decorator_list
            continue
        if isinstance(node, ast.Lambda):
            continue
        if isinstance(node, ast.Global):
            declared.update(node.names)
        bound.update(_binds(node))
        pending += ast.iter_child_nodes(node)
    return bound - declared, declared


def _binds(node):
    """The names that a node itself binds. Those of comprehensions count for their function."""
    if isinstance(node, ast.Name):
        return [node.id] if isinstance(node.ctx, (ast.Store, ast.Del)) else []
    if isinstance(node, ast.alias):
        return [(node.asname or node.name).partition(".")[0]]
    if isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)):
        return [node.name] if node.name else []
    if isinstance(node, ast.MatchMapping):
        return [node.rest] if node.rest else []
    return []
