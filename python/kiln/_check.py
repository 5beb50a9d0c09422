"""Checking calls of kernels: record, check, and execute under observation on copies of the inputs.
What users see of it is in kiln.findings."""

import dataclasses
import time

from kiln import _compat, _core, _run, _target


@dataclasses.dataclass
class CheckResult:
    """What a check found, and how much was checked.

    `diagnostics`: dicts with id, severity, message, file, line, text, notes (message, file, line)
    and count. `checked`: instructions, accesses, bytes, undecided (accesses whose address was not
    known), cores (0 if the recording was refused), executed, seconds. `memory`: a placement report
    of each core, or None.
    """

    kernel: str
    diagnostics: list
    checked: dict
    memory: list


def check_call(kernel, bind, *, execute=True):
    """Checks one call of a Kernel.

    `bind()` returns fresh bound arguments. All cores of the grid are recorded; with `execute` the
    programs are executed on copies of the inputs, which stay as they are. The kernel's own
    exception passes; its errors are in the result. Publishes no provenance.
    """
    choice = _compat.choose(kernel.fn, kernel.compat)
    index = _target.index(kernel.platform_target)
    try:
        launches = [_run.Launch(kernel, choice, bind, 0, index)]
    except _run.NkiValidationError as error:
        return _result(kernel.__name__, error.diagnostics, [], False, 0.0)
    return check_recorded(kernel, choice, launches, execute=execute)


def check_recorded(kernel, choice, launches, *, execute=True):
    """Checks the launches of one call, a rank each, that would be executed together.

    Leaves them and the call's arrays as they are, so that the call can go on.
    """
    start = time.perf_counter()
    diagnostics = [d for launch in launches for d in launch.diagnostics()]
    programs = [program for launch in launches for program in launch.programs]
    executed = execute and len(programs) == 1
    if executed:
        copies = [array.copy() for array in launches[0].arrays()]
        _core.run_program(programs[0], copies, _run.threads)
    seconds = time.perf_counter() - start
    return _result(kernel.__name__, diagnostics, programs, executed, seconds)


def check_program(program, arrays, *, execute=True):
    """Checks a parsed program; `arrays` are its inputs in order, None if it is not executed."""
    start = time.perf_counter()
    if execute:
        _core.run_program(program, [array.copy() for array in arrays], _run.threads)
    return _result(program.kernel, [], [program], execute, time.perf_counter() - start)


def _result(kernel, diagnostics, programs, executed, seconds):
    checked = {
        "instructions": sum(len(program) for program in programs),
        "accesses": 0,
        "bytes": 0,
        "undecided": 0,
        "cores": len(programs),
        "executed": executed,
        "seconds": seconds,
    }
    return CheckResult(kernel, diagnostics, checked, [None] * len(programs))
