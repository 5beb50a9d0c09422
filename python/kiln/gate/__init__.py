"""The language gate: whether a kernel's Python is what NKI's compiler reads, without running it.

NKI's compiler, up to release 0.6, reads a kernel's source: a subset of Python, on a few types of
values, in functions that depend on their arguments alone. Kiln calls kernels, as NKI's own
simulator does, so a kernel that runs here may not build. `check` looks for what would stop it: it
reads the sources of the kernel and of all that it refers to. What is NKI's, Python's or another
library's is not opened; a helper of an installed package is, if that package is for kernels.

docs/decisions/0016_language_gate.md says what is an error, a warning or advice, and why.
"""

from kiln.gate import files
from kiln.gate.checker import Checker
from kiln.gate.kinds import ALL


def check(fn):
    """What is wrong with a kernel, or with a function that is to be one, as a list of dicts.

    Each has id, severity ("error", "warning" or "advice"), message, file, line, column, end_line,
    end_column and fix, a clause on what to do. They are sorted by file and line.
    """
    from kiln.gate import origins

    function = origins.function_of(fn)
    if function is None:
        raise TypeError(f"check takes a kernel or a Python function; got {fn!r}")
    return Checker(function, getattr(fn, "compat", None)).run().findings()


def check_file(path):
    """What is wrong with the kernels of a file: those that nki.jit decorates, and functions that
    the file gives to nki.jit or nki.simulate by name. The file is imported on Kiln's nki, so what
    it does then is done; no kernel is run."""
    return files.check(path)
