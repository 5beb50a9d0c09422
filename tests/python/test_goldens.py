"""Goldens: programs and kernels whose comments say what they give.

A golden opens with comment lines (`;` in .kiln, `#` in .py):
    ; test execute | check | place    what to do; place: with the diagnostics of placement
    # test check | observe        of a kernel; observe: executed, with what the checker says
    # grid 2                      cores that a kernel is launched on
    ; input a = arange:4x8        a value, in the command line's forms
    ; expect …                    outputs, or diagnostics; rewritten by `pytest --update`
"""

import pathlib

import numpy as np
import pytest
from kiln.cli import inputs

from kiln import _arrays, _check, _core, _dtypes, _run

TESTS = pathlib.Path(__file__).parent.parent
GOLDENS = sorted([*TESTS.glob("golden/*.kiln"), *TESTS.glob("error/*.kiln")])
KERNELS = sorted(TESTS.glob("error/*.py"))


class Golden:
    def __init__(self, path):
        self.path = path
        self.mark = "#" if path.suffix == ".py" else ";"
        self.lines = path.read_text().splitlines()
        self.inputs = dict(line.split(" = ", 1) for line in self.comments("input"))
        (self.action,) = self.comments("test")
        self.grid = [int(size) for size in self.comments("grid")]

    def comments(self, kind):
        start = f"{self.mark} {kind} "
        return [line[len(start) :].strip() for line in self.lines if line.startswith(start)]

    def values(self):
        return {name.strip(): inputs.parse_value(form, name) for name, form in self.inputs.items()}

    def compare(self, found, update):
        if update:
            kept = [line for line in self.lines if not line.startswith(f"{self.mark} expect ")]
            new = [f"{self.mark} expect {line}" for line in found]
            self.path.write_text("\n".join([*kept, *new]) + "\n")
            return
        assert found == self.comments("expect")


def show(array):
    """An output in one line: type, shape, and all its elements."""
    dtype = _dtypes.canonical(array.dtype)
    with np.errstate(all="ignore"):
        values = _dtypes.unpack(array) if _dtypes.is_packed(dtype) else array.astype(np.float64)
    sizes = ", ".join(map(str, array.shape))
    return f"{dtype}[{sizes}] {' '.join(f'{v:.9g}' for v in values.ravel())}"


@pytest.mark.parametrize("path", GOLDENS, ids=lambda p: p.stem)
@pytest.mark.parametrize("reference_only", [False, True], ids=["routines", "reference"])
def test_program(path, reference_only, request):
    golden = Golden(path)
    program, diagnostics = _core.parse_program(path.read_text())
    if golden.action == "place":
        diagnostics += _core.placement_report(program)["diagnostics"]
    found = [f"{d['severity']}: {d['message']} [{d['id']}]" for d in diagnostics]
    if golden.action == "execute" and not found:
        arrays = [_arrays.Argument(value).array for value in golden.values().values()]
        outputs, _ = _core.run_program(program, arrays, 1, reference_only)
        found = [show(_arrays.to_numpy(output)) for output in outputs]
        written = program.text(True)
        assert _core.parse_program(written)[0].text(True) == written
    golden.compare(found, request.config.getoption("--update"))


def diagnostics_of(golden):
    kernel = inputs.load_kernel(str(golden.path), "kernel")
    for size in golden.grid:
        kernel = kernel[size]
    values = golden.values()
    if golden.action == "observe":
        return _check.check_call(kernel, lambda: kernel.bind((), values)).diagnostics
    with pytest.raises(_run.NkiValidationError) as caught:
        kernel(**values)
    return caught.value.diagnostics


def told(diagnostic):
    """A diagnostic in one line, with the lines of its notes."""
    times = f" (x{diagnostic['count']})" if diagnostic["count"] > 1 else ""
    notes = "".join(f"; {n['message']}: line {n['line']}" for n in diagnostic["notes"])
    message = diagnostic["message"].replace(diagnostic["file"] or "\n", "FILE")
    message = message.replace("\n", "; ")
    return (
        f"line {diagnostic['line']}: {diagnostic['severity']}: {message} "
        f"[{diagnostic['id']}]{times}{notes}"
    )


@pytest.mark.parametrize("path", KERNELS, ids=lambda p: p.stem)
def test_kernel_with_mistakes(path, request):
    golden = Golden(path)
    golden.compare([told(d) for d in diagnostics_of(golden)], request.config.getoption("--update"))


def test_every_instruction_has_a_golden():
    text = "".join(path.read_text() for path in GOLDENS)
    control = ("loop", "while_loop")
    missing = [name for name in (*_core.isa.names, *control) if f"\n{name} " not in text]
    assert not missing
