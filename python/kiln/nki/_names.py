"""Errors for names that do not exist: each tells the nearest one that does."""

import enum
import functools
import inspect
import types

from kiln import _core


def hint(name, known):
    """ "; did you mean 'x'?", or nothing if no name is near."""
    near = "" if name.startswith("__") else _core.nearest(name, list(known))
    return f"; did you mean {near!r}?" if near else ""


def unknown(module, name, known):
    """The AttributeError for module.name, with the nearest name there is."""
    return AttributeError(f"module {module!r} has no attribute {name!r}{hint(name, known)}")


class NamedEnumType(enum.EnumType):
    """The type of enums that tell the nearest member."""

    def __getattr__(cls, name):
        members = cls.__dict__.get("_member_map_", {})
        if name in members:
            return members[name]
        raise AttributeError(f"nki's {cls.__name__} has no {name!r}{hint(name, members)}")


def _no_attribute(self, name):
    known = [n for n in dir(type(self)) if not n.startswith("_")]
    subject = type(self).__name__
    raise AttributeError(f"{subject} has no attribute {name!r}{hint(name, known)}")


def install(types):
    """Lets objects of C++ types tell the nearest attribute."""
    for each in types:
        each.__getattr__ = _no_attribute


def checked(subject, fn):
    """fn, whose TypeError for a keyword that it does not take tells the nearest one."""
    signature = inspect.signature(fn)
    if any(p.kind == p.VAR_KEYWORD for p in signature.parameters.values()):
        return fn
    named = list(signature.parameters)

    @functools.wraps(fn)
    def call(*args, **kwargs):
        try:
            return fn(*args, **kwargs)
        except TypeError:
            wrong = next((k for k in kwargs if k not in named), None)
            if wrong is None:
                raise
            near = hint(wrong, named) or ";"
            message = f"{subject} has no argument {wrong!r}{near} it takes {signature}"
        raise TypeError(message)

    return call


def refuse_near(subject, given, known):
    """Raises TypeError for a keyword that is nearly one of the known ones."""
    for name in given:
        if _core.nearest(name, known):
            raise TypeError(f"{subject} has no argument {name!r}{hint(name, known)}")


def check_functions(namespace, prefix):
    """Replaces the Python functions that a module defines itself by their checked ones."""
    for name, value in list(namespace.items()):
        own = isinstance(value, types.FunctionType) and value.__module__ == namespace["__name__"]
        if own and not name.startswith("_"):
            namespace[name] = checked(f"{prefix}.{name}", value)
