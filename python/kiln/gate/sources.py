"""Where functions and classes are written: the syntax tree of a file, and the node of an object.

A file is read as Python's tracebacks read it, so that cells of notebooks have a source too.
"""

import ast
import functools
import linecache
import sys

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


class NoSourceError(Exception):
    """There is no source to read; the text says of what, and why."""


class Source:
    """A file's text and tree."""

    def __init__(self, path, lines):
        self.path = path
        self._lines = lines
        self.tree = ast.parse("".join(lines))
        self._functions = {}
        self._lambdas = {}
        for node in ast.walk(self.tree):
            if isinstance(node, FUNCTIONS):
                first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
                self._functions[first, node.name] = node
            elif isinstance(node, ast.Lambda):
                self._lambdas.setdefault(node.lineno, []).append(node)

    def place(self, node):
        """(file, line, column, end_line, end_column) of a node."""
        return (
            self.path,
            node.lineno,
            self._column(node.lineno, node.col_offset),
            node.end_lineno,
            self._column(node.end_lineno, node.end_col_offset),
        )

    def head(self, node):
        """The place of a definition's first line."""
        file, line, column, *_ = self.place(node)
        text = self._lines[line - 1].rstrip("\n")
        return (file, line, column, line, len(text) + 1)

    def function(self, code):
        """The node of a code object; NoSourceError if the file does not have it."""
        if code.co_name == "<lambda>":
            found = self._lambdas.get(code.co_firstlineno, [])
            if len(found) == 1:
                return found[0]
        elif (code.co_firstlineno, code.co_name) in self._functions:
            return self._functions[code.co_firstlineno, code.co_name]
        raise NoSourceError(
            f"{code.co_name} is not in line {code.co_firstlineno} of {self.path} as it is now"
        )

    def classes(self, name):
        """The definitions of classes with this name, in order."""
        nodes = (n for n in ast.walk(self.tree) if isinstance(n, ast.ClassDef) and n.name == name)
        return sorted(nodes, key=lambda node: node.lineno)

    def _column(self, line, offset):
        """The column of a byte offset, which is how syntax trees count."""
        text = self._lines[line - 1].encode()[:offset]
        return len(text.decode(errors="replace")) + 1


def of_file(path, module_globals=None):
    """The Source of a file; NoSourceError if it cannot be read or is no Python."""
    lines = tuple(linecache.getlines(path, module_globals))
    if not lines:
        raise NoSourceError(f"{path} cannot be read")
    try:
        return _parsed(path, lines)
    except SyntaxError as error:
        raise NoSourceError(f"{path}: {error.msg}") from None


@functools.lru_cache(maxsize=256)
def _parsed(path, lines):
    return Source(path, lines)


def of_function(fn):
    """(Source, node) of a Python function."""
    source = of_file(fn.__code__.co_filename, fn.__globals__)
    return source, source.function(fn.__code__)


def of_class(cls):
    """(Source, node) of a class: the definition that holds its methods, or else the last one."""
    codes = [code for code in map(code_of, vars(cls).values()) if code is not None]
    path = next((c.co_filename for c in codes if not c.co_filename.startswith("<")), None)
    path = path or getattr(sys.modules.get(cls.__module__), "__file__", None)
    if path is None:
        raise NoSourceError(f"the file of class {cls.__qualname__} is not known")
    source = of_file(path)
    nodes = source.classes(cls.__name__)
    if not nodes:
        raise NoSourceError(f"class {cls.__qualname__} is not in {path} as it is now")
    lines = [code.co_firstlineno for code in codes if code.co_filename == path]
    holding = [n for n in nodes if any(n.lineno <= line <= n.end_lineno for line in lines)]
    return source, (holding or nodes)[-1]


def code_of(value):
    """The code object of a function, a method of any kind or a property; None of others."""
    value = getattr(value, "__func__", getattr(value, "fget", value))
    return getattr(value, "__code__", None)
