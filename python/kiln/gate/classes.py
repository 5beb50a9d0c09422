"""Rules on classes that a kernel uses."""

import ast
import enum

from kiln.gate import constructs, kinds, origins, sources


def use(walk, node, cls):
    """A class of the author's that a kernel names, other than in isinstance."""
    if not walk.checker.is_new(cls):
        return
    try:
        source, definition = sources.of_class(cls)
        place = source.head(definition)
    except sources.NoSourceError:
        source = definition = None
        place = walk.source.place(node)
    _bases(walk, cls, place)
    if source is not None:
        _body(walk, source, definition)
        for value in vars(cls).values():
            code = sources.code_of(value)
            # What a decorator or a base class made is not the author's.
            if code is not None and code.co_filename == source.path and not _is_told(value):
                walk.checker.reach(getattr(value, "__func__", value), walk)


def _is_told(value):
    """Whether a member is of a kind whose decorator is a finding already."""
    return isinstance(value, (property, classmethod))


def _bases(walk, cls, place):
    from kiln.nki.language import NKIObject

    used = f"class {cls.__name__}, which {walk.subject} uses,"
    fix = f"write class {cls.__name__}(nl.NKIObject)"
    if issubclass(cls, enum.Enum):
        return
    if issubclass(cls, tuple) and hasattr(cls, "_fields"):
        message = f"{used} is a named tuple, of which NKI's documents do not speak"
        walk.report.add(kinds.unlisted_construct, place, message, "use a tuple or an NKIObject")
    elif not issubclass(cls, NKIObject):
        message = f"{used} does not inherit from NKIObject or Enum"
        walk.report.add(kinds.class_without_nki_object, place, message, fix)
    elif cls.__bases__ != (NKIObject,):
        bases = ", ".join(base.__name__ for base in cls.__bases__)
        message = f"{used} inherits from {bases}; the only base is NKIObject"
        walk.report.add(kinds.class_without_nki_object, place, message, fix)


def _body(walk, source, definition):
    """What stands in a class: fields and methods."""
    for statement in definition.body:
        if isinstance(statement, ast.FunctionDef):
            for decorator in statement.decorator_list:
                constructs.check_decorator(walk, decorator, source)
        elif not isinstance(statement, (ast.Assign, ast.AnnAssign, ast.Pass, ast.Expr)):
            message = "a class that kernels use has fields and methods, and nothing else"
            walk.report.add(kinds.doubtful_construct, source.head(statement), message)
    for decorator in definition.decorator_list:
        constructs.check_decorator(walk, decorator, source)


def of_annotation(walk, node):
    """A parameter that is annotated with an NKIObject: its methods are the kernel's too."""
    from kiln.nki.language import NKIObject

    cls = walk.value(node) if node is not None else None
    if isinstance(cls, type) and issubclass(cls, NKIObject) and not origins.is_nki(cls):
        use(walk, node, cls)
