"""Rules on what a kernel refers to: its helpers are checked as well; the compiler knows NKI, some
of Python's functions, and no other library."""

import ast
import inspect
import types

from kiln import _core
from kiln.gate import classes, kinds, origins
from kiln.gate.scopes import MISSING, UNKNOWN, attribute

# Named in the language and migration guides, or in the front end's table of builtins.
_BUILTINS = frozenset(
    ("abs", "bool", "dict", "divmod", "float", "int", "isinstance", "len", "list", "max", "min")
    + ("print", "range", "slice", "str", "tuple", "type")
)
_BEYOND_VALUES = frozenset(("set", "frozenset", "bytes", "bytearray", "complex", "memoryview"))
_IMPURE = frozenset(
    ("open", "input", "exec", "eval", "compile", "globals", "locals", "vars", "__import__")
    + ("breakpoint",)
)
# The functions of math in the front end's table; public kernels use floor, gcd and sqrt.
_MATH = frozenset(("ceil", "floor", "gcd", "log2", "log10", "pow", "sqrt"))
# Modules whose functions give something else each time, or reach out of the process.
_IMPURE_MODULES = frozenset(
    ("random", "time", "datetime", "os", "posix", "posixpath", "sys", "secrets", "uuid", "io")
    + ("pathlib", "tempfile", "shutil", "subprocess", "socket", "threading", "numpy.random")
)
_OPERATOR = _core.language.Operator
_STATE = ("os.environ", "sys.argv")
# What classes of these modules do is done when the file is read.
_DECLARATIVE = ("typing", "collections.abc", "abc", "enum", "types")


def _reference(walk, node):
    """A name or an attribute that is read."""
    if not isinstance(node.ctx, ast.Load):
        return
    value = walk.value(node)
    if value is UNKNOWN or value is MISSING or isinstance(value, types.ModuleType):
        return
    if ast.unparse(node) in _STATE:
        _impure(walk, node, f"{ast.unparse(node)} is read")
    elif isinstance(value, type):
        _class(walk, node, value)
    elif callable(value):
        _callable(walk, node, value)


def _callable(walk, node, value):
    function = origins.function_of(value)
    if function is None and origins.is_nki(value):
        return
    if origins.is_builtin(value):
        _builtin(walk, node, value.__name__)
    elif function is not None and origins.is_brought_along(function, walk.checker.kernel):
        walk.checker.reach(function, walk)
    elif origins.is_host(value) or function is not None:
        _host(walk, node, value)


def _class(walk, node, cls):
    if id(node) in walk.types_only or issubclass(cls, BaseException):
        return
    if origins.is_builtin(cls):
        _builtin(walk, node, cls.__name__)
    elif origins.is_nki(cls) or cls.__module__ in _DECLARATIVE:
        return
    elif origins.is_host(cls):
        _host(walk, node, cls)
    else:
        classes.use(walk, node, cls)


def _builtin(walk, node, name):
    if name in _IMPURE:
        _impure(walk, node, f"{name} is used")
    elif name in _BEYOND_VALUES:
        walk.add(
            *(kinds.unsupported_value, node),
            f"{name} makes a value that kernels do not have; "
            "they have tuples, lists and dictionaries",
        )
    elif name not in _BUILTINS:
        walk.advise(
            *(kinds.unlisted_construct, node),
            f"{name} is not among Python's functions that NKI's documents name",
        )


def _impure(walk, node, what):
    walk.add(
        *(kinds.impure_kernel, node),
        f"{what}; a kernel depends on nothing but its arguments",
        "read it before the kernel is called and pass it as an argument",
    )


def _host(walk, node, value):
    """A function or class of Python's library or of the host."""
    module, name = origins.module_name(value), getattr(value, "__name__", ast.unparse(node))
    owner = walk.value(node.value) if isinstance(node, ast.Attribute) else UNKNOWN
    if module == "math":
        _math(walk, node, name)
    elif {module, getattr(owner, "__name__", "")} & _IMPURE_MODULES:
        _impure(walk, node, f"{ast.unparse(node)} is used")
    else:
        package = module.partition(".")[0].lstrip("_")
        near = package == "numpy" and _in_language(value, name)
        walk.add(
            *(kinds.outside_call, node),
            f"{ast.unparse(node)} is of {package}, which the compiler does not know",
            f"write nl.{name}" if near else None,
        )


def _math(walk, node, name):
    if name not in _MATH:
        walk.advise(
            *(kinds.unlisted_construct, node),
            f"math.{name} is not among the functions of math that the compiler is known to have: "
            f"{', '.join(sorted(_MATH))}",
        )


def _in_language(value, name):
    """Whether nki.language has the type or the operator that NumPy calls like this."""
    from kiln.nki import language

    found = attribute(language, name)
    return found is not MISSING and (isinstance(value, type) or isinstance(found, _OPERATOR))


def _types_only(walk, node):
    """isinstance compares with classes; it does not use them otherwise."""
    function = walk.value(node.func)
    if inspect.isbuiltin(function) and function.__name__ in ("isinstance", "issubclass"):
        walk.types_only.update(id(n) for arg in node.args[1:] for n in ast.walk(arg))


RULES = {"Call": [_types_only], "Name": [_reference], "Attribute": [_reference]}
