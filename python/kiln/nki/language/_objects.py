"""NKIObject and tile_size."""

import dataclasses

from kiln import _core, _target
from kiln.nki import _names


class _NKIObjectType(type):
    """Constructs NKIObjects as NKI does: every attribute of the class body, annotated or assigned,
    is a keyword argument, and what is not given is its default or None."""

    def __call__(cls, *args, **kwargs):
        own_init = cls.__init__ is not object.__init__ and not _generated(cls.__init__)
        if own_init:
            return super().__call__(*args, **kwargs)
        self = cls.__new__(cls)
        fields = _fields(cls)
        values = {name: _default(cls, name) for name in fields}
        if len(args) > len(fields):
            raise TypeError(f"{cls.__name__} takes {len(fields)} arguments; {len(args)} given")
        values.update(zip(fields, args, strict=False))
        for name, value in kwargs.items():
            if name not in values:
                raise TypeError(f"{cls.__name__} has no field {name!r}{_names.hint(name, values)}")
            values[name] = value
        for name, value in values.items():
            object.__setattr__(self, name, value)
        post_init = getattr(self, "__post_init__", None)
        if post_init is not None:
            post_init()
        return self


def _generated(init):
    """Whether dataclasses wrote this __init__; what they write has no file."""
    return getattr(init, "__code__", None) is not None and init.__code__.co_filename == "<string>"


def _fields(cls):
    names = {}
    for base in reversed(cls.__mro__):
        if base in (object, NKIObject):
            continue
        names.update(dict.fromkeys(base.__dict__.get("__annotations__", {})))
        for name, value in base.__dict__.items():
            if not name.startswith("__") and not _is_method(value):
                names.setdefault(name)
    return list(names)


def _is_method(value):
    return callable(value) or isinstance(value, (property, classmethod, staticmethod))


def _default(cls, name):
    field = getattr(cls, "__dataclass_fields__", {}).get(name)
    if field is not None:
        if field.default is not dataclasses.MISSING:
            return field.default
        if field.default_factory is not dataclasses.MISSING:
            return field.default_factory()
        return None
    value = getattr(cls, name, None)
    return None if hasattr(value, "__get__") else value


class NKIObject(metaclass=_NKIObjectType):
    """Base of classes that kernels use for configuration and data."""


class _TileSize:
    """Sizes of the target that is recorded for."""

    def __getattr__(self, name):
        sizes = _core.tile_size(_target.index())
        if name in sizes:
            return sizes[name]
        raise AttributeError(f"tile_size has no {name!r}{_names.hint(name, sizes)}")

    def __dir__(self):
        return sorted(_core.tile_size(_target.index()))


tile_size = _TileSize()
