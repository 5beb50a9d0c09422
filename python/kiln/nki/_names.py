"""Errors for names that do not exist."""

from kiln import _core


def unknown(module, name, known):
    """The AttributeError for module.name, with the nearest name there is."""
    near = "" if name.startswith("__") else _core.nearest(name, list(known))
    hint = f"; did you mean {near!r}?" if near else ""
    return AttributeError(f"module {module!r} has no attribute {name!r}{hint}")
