"""Where an object that a kernel uses comes from: NKI, Python, another library, or its author."""

import builtins
import functools
import inspect
import pathlib
import sys
import sysconfig
import types

from kiln.gate.scopes import MISSING, UNKNOWN

# Libraries of the host that kernels' files import and the compiler does not know.
_HOST = frozenset(
    ("numpy", "torch", "torch_xla", "torch_neuronx", "jax", "jaxlib", "scipy", "ml_dtypes")
    + ("pandas", "pytest", "neuron_dtypes")
)
_NKI = ("nki", "kiln")
_INSTALLED = {"site-packages", "dist-packages"}


def module_name(value):
    """The name of the module that an object is or comes from; "" if it does not say."""
    if isinstance(value, types.ModuleType):
        return value.__name__
    name = getattr(value, "__module__", None)
    if not isinstance(name, str):
        name = type(value).__module__
    return name if isinstance(name, str) else ""


def _package(value):
    return module_name(value).partition(".")[0]


def is_nki(value):
    """Whether an object is part of NKI."""
    if value is UNKNOWN or value is MISSING:
        return False
    return _package(value) in _NKI or id(value) in _public()


def name_of(value):
    """ "nki.isa.dma_copy" for that function; None for what is not NKI's."""
    if id(value) in _public():
        return _public()[id(value)]
    if not is_nki(value):
        return None
    if isinstance(value, types.ModuleType):
        return value.__name__.removeprefix("kiln.")
    name = getattr(value, "__name__", None)
    return name and f"{module_name(value).removeprefix('kiln.')}.{name}"


@functools.cache
def _public():
    """{id: name} of what NKI's modules offer; not all of it says itself where it is from."""
    from kiln.nki import collectives, isa, language

    return {
        id(getattr(module, name)): f"{module.__name__.removeprefix('kiln.')}.{name}"
        for module in (collectives, language, isa)
        for name in module.__all__
        if callable(getattr(module, name)) and not is_builtin(getattr(module, name))
    }


def is_host(value):
    """Whether an object is of Python's library or one of those for the host. Where its file is
    known that decides, since files of kernels can be called like modules of Python's library."""
    file = _file(value)
    if file is None or file.startswith("<frozen"):
        return _package(value) in _HOST or _package(value) in sys.stdlib_module_names
    return _is_of_python(file) or (_package(value) in _HOST and _is_installed(file))


def _file(value):
    if isinstance(value, types.FunctionType):
        return value.__code__.co_filename
    module = value if isinstance(value, types.ModuleType) else sys.modules.get(module_name(value))
    return getattr(module, "__file__", None)


@functools.lru_cache(maxsize=1024)
def _is_installed(file):
    return bool(_INSTALLED & set(pathlib.PurePath(file).parts))


@functools.lru_cache(maxsize=1024)
def _is_of_python(file):
    libraries = [sysconfig.get_path(name) for name in ("stdlib", "platstdlib")]
    return not _is_installed(file) and any(
        pathlib.PurePath(file).is_relative_to(library) for library in libraries
    )


def is_builtin(value):
    """Whether an object is one of Python's builtin functions or types."""
    return vars(builtins).get(getattr(value, "__name__", None)) is value


def function_of(value):
    """The Python function that is behind a kernel or behind decorators; None if there is none."""
    if name_of(type(value)) == "nki.Kernel":
        value = value.fn
    elif is_nki(value):
        return None
    try:
        value = inspect.unwrap(value)
    except ValueError:  # it wraps itself
        return None
    value = getattr(value, "__func__", value)
    return value if isinstance(value, types.FunctionType) else None


def is_brought_along(function, kernel):
    """Whether a Python function's source is the compiler's to read: the author's own, or of an
    installed package for kernels: one that imports nki, or that the kernel is of too."""
    if is_nki(function) or is_host(function):
        return False
    if not _is_installed(function.__code__.co_filename) or _package(function) == _package(kernel):
        return True
    held = vars(sys.modules.get(function.__module__, types)).values()
    return any(isinstance(v, types.ModuleType) and is_nki(v) for v in held)
