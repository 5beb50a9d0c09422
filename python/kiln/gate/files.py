"""The kernels of a file."""

import ast
import contextlib
import importlib
import importlib.util
import linecache
import pathlib
import sys
import traceback

import kiln
from kiln.gate import origins, report, sources
from kiln.gate.checker import Checker


def check(path):
    """The findings on all kernels of a file, each once; see kiln.gate.check_file."""
    path = pathlib.Path(path).resolve()
    kiln.install()
    linecache.checkcache(str(path))
    try:
        source = sources.of_file(str(path))
    except sources.NoSourceError as error:
        return report.unreadable(str(path), _error_line(path), str(error))
    with _imported(path) as (module, error):
        if module is None:
            return report.unreadable(*error)
        found = {}
        for function, compat in kernels(module, source):
            for finding in Checker(function, compat).run().findings():
                found.setdefault(tuple(sorted(finding.items())), finding)
    return sorted(found.values(), key=lambda f: (f["file"], f["line"], f["column"]))


def kernels(module, source):
    """[(function, its declared compat)] of a module's own kernels, in the order of lines."""
    objects = vars(module).items()
    own = {v for _, v in objects if origins.name_of(type(v)) == "nki.Kernel"}
    functions = {v.fn: v.compat for v in own}
    for name in _given_to_nki(source.tree):
        function = origins.function_of(getattr(module, name, None))
        if function is not None:
            functions.setdefault(function, None)
    mine = [(f, c) for f, c in functions.items() if f.__code__.co_filename == source.path]
    return sorted(mine, key=lambda item: item[0].__code__.co_firstlineno)


def _given_to_nki(tree):
    """Names that are the first argument of a call of jit or simulate."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Name):
            name = getattr(node.func, "attr", getattr(node.func, "id", None))
            if name in ("jit", "simulate"):
                yield node.args[0].id


@contextlib.contextmanager
def _imported(path):
    """(the module that a file is, None), or (None, what is wrong) if it cannot be imported."""
    name, folder = _module_of(path)
    before, known = list(sys.path), name in sys.modules
    sys.path.insert(0, str(folder))
    try:
        yield _import(name, path), None
    except _ImportFailed as failed:
        yield None, failed.args
    finally:
        sys.path[:] = before
        if not known:
            sys.modules.pop(name, None)


class _ImportFailed(Exception):
    """Holds the file, the line and the message."""


def _import(name, path):
    try:
        if "." in name:
            return importlib.import_module(name)
        spec = importlib.util.spec_from_file_location(name, path)
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
        return module
    except (Exception, SystemExit) as error:
        frames = traceback.extract_tb(error.__traceback__)
        lines = [frame.lineno for frame in frames if frame.filename == str(path)]
        message = f"the file cannot be imported: {type(error).__name__}: {error}"
        raise _ImportFailed(str(path), lines[-1] if lines else 1, message) from None


def _module_of(path):
    """(name, folder to import from): a module of its package, or a file by itself."""
    parts, folder = [path.stem], path.parent
    while (folder / "__init__.py").is_file():
        parts.insert(0, folder.name)
        folder = folder.parent
    if path.stem == "__init__":
        parts.pop()
    return (".".join(parts), folder) if len(parts) > 1 else (f"kiln_gate_{path.stem}", folder)


def _error_line(path):
    """The line of a file's first syntax error; 1 if it has none."""
    try:
        ast.parse(path.read_text(errors="replace"))
    except (OSError, ValueError):
        return 1
    except SyntaxError as error:
        return error.lineno or 1
    return 1
