"""A checker that finds what a kernel's source tells it to, for tests of what users see.

A comment in the kernel's file is a finding on its line, in every program of the kernel named:
    # finds KERNEL ID SEVERITY MESSAGE
As a program, it installs itself and runs the kiln command line; as a pytest plugin, it installs
itself.
"""

import os
import re
import sys
import types

from kiln import _check, _core, _run

KINDS = [
    {
        "id": "uninitialised_read",
        "severity": "error",
        "explanation": "a tile is written before it is read",
        "example": "nisa.tensor_copy(dst=y, src=fresh_tile)",
        "fix": "write the tile first",
    },
    {
        "id": "output_unwritten",
        "severity": "error",
        "explanation": "a kernel writes all of its outputs",
        "example": "return out  # nothing was stored in out",
        "fix": "store the result in the output",
    },
    {
        "id": "dead_store",
        "severity": "warning",
        "explanation": "what is written is read",
        "example": "nisa.memset(dst=t, value=0)  # t is never read",
        "fix": "leave the instruction out",
    },
    {
        "id": "small_dma",
        "severity": "advice",
        "explanation": "a DMA moves at least 512 bytes a row",
        "example": "nisa.dma_copy(dst=t[:, 0:1], src=x[:, 0:1])",
        "fix": "move wider rows",
    },
]

_MARK = re.compile(r"# finds (\w+) (\w+) (\w+) (.*)")


def diagnostics(kernel, path):
    """The findings on a kernel that the comments of its file ask for."""
    found = []
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            mark = _MARK.search(line)
            if mark and mark[1] == kernel:
                _, id_, severity, message = mark.groups()
                found.append(_diagnostic(id_, severity, message, path, number))
    return found


def _diagnostic(id_, severity, message, path, line):
    return {
        "id": id_,
        "severity": severity,
        "message": message,
        "file": path,
        "line": line,
        "text": f"{path}:{line}: {severity}: {message} [{id_}]",
        "notes": [{"message": "see the first line", "file": path, "line": 1}],
        "count": 2,
    }


def result(programs, execute):
    """The CheckResult of recorded programs."""
    if os.environ.get("FAKE_CHECK_RAISES"):
        raise RuntimeError(os.environ["FAKE_CHECK_RAISES"])
    files = {re.search(r'^file 0 "(.*)"', p.text(True), re.M) for p in programs}
    found = [d for f in files if f for d in diagnostics(programs[0].kernel, f[1])]
    checked = {
        "instructions": sum(len(p) for p in programs),
        "accesses": 5678 if execute else 0,
        "bytes": 1234567 if execute else 0,
        "cores": len(programs),
        "executed": execute,
        "undecided": 3,
        "seconds": 0.25,
    }
    memory = [{"core": core, "peak_bytes": 4096} for core in range(len(programs))]
    return types.SimpleNamespace(diagnostics=found, checked=checked, memory=memory)


def check_recorded(kernel, choice, launches, *, execute=True):
    return result([p for launch in launches for p in launch.programs], execute)


def check_call(kernel, bind, *, execute=True):
    from kiln import _compat

    choice = _compat.choose(kernel.fn, kernel.compat)
    launches = [_run.Launch(kernel, choice, bind)]
    return check_recorded(kernel, choice, launches, execute=execute)


def check_program(program, arrays, *, execute=True):
    assert arrays is not None or not execute
    return result([program], execute)


class Memory:
    """Stands for kiln.memory."""

    @staticmethod
    def text(report, width):
        return f"peak {report['peak_bytes']} B, {width} columns"

    @staticmethod
    def svg(report):
        return f"<svg><!-- core {report['core']} --></svg>\n"


class Gate:
    """Stands for kiln.gate: finds what comments ask for on a line with `# language`."""

    ALL = ()

    @staticmethod
    def check(kernel):
        path = kernel.fn.__code__.co_filename
        first = kernel.fn.__code__.co_firstlineno
        found = []
        with open(path, encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                if number >= first and line.rstrip().endswith(f"# language {kernel.__name__}"):
                    found.append(Gate._diagnostic(path, number, line))
        return found

    @staticmethod
    def _diagnostic(path, number, line):
        start = len(line) - len(line.lstrip()) + 1
        return {
            "id": "unsupported_construct",
            "severity": "warning",
            "message": "the compiler does not read this",
            "file": path,
            "line": number,
            "column": start,
            "end_line": number,
            "end_column": line.index("#") - 1,
            "fix": "write it plainly",
        }


def install(monkeypatch):
    """Puts the fakes in place, by pytest's monkeypatch or what has its methods."""
    from kiln.findings import kinds

    import kiln

    for name, fake in (("memory", Memory), ("gate", Gate)):
        monkeypatch.setitem(sys.modules, f"kiln.{name}", fake)
        monkeypatch.setattr(kiln, name, fake, raising=False)
    for function in (check_call, check_recorded, check_program):
        monkeypatch.setattr(_check, function.__name__, function)
    monkeypatch.setattr(_core, "diagnostic_kinds", lambda: list(KINDS), raising=False)
    kinds.known.cache_clear()


class _Forever:
    """monkeypatch, without an end."""

    setitem = staticmethod(dict.__setitem__)

    @staticmethod
    def setattr(target, name, value, raising=True):
        setattr(target, name, value)


def pytest_configure(config):
    install(_Forever)


if __name__ == "__main__":
    from kiln.cli import main

    install(_Forever)
    sys.exit(main(sys.argv[1:]))
