"""The checks of one call or program: recorded, judged by every rule and, if wanted, executed under
observation on copies of its inputs. What a user sees of it is in kiln.findings."""

import dataclasses
import time

from kiln import _compat, _core, _run


@dataclasses.dataclass
class CheckResult:
    """What was found, and what was looked at.

    diagnostics: dicts as in NkiValidationError, with notes and count. checked: instructions,
    accesses, bytes, cores, executed, undecided, seconds. memory: a placement report for each core,
    or None.
    """

    diagnostics: list
    checked: dict
    memory: list


def check_call(kernel, bind, *, execute=True):
    """Records the Kernel's call on all cores of its grid, and checks it.

    Raises what recording raises: NkiValidationError, or the kernel's own exception. Publishes no
    provenance.
    """
    choice = _compat.choose(kernel.fn, kernel.compat)
    return check_launches([_run.Launch(kernel, choice, bind)], execute=execute)


def check_launches(launches, *, execute=True):
    """Checks recorded Launches, one for each rank, that would be executed together.

    Leaves them and the call's arrays as they are, so that the call can go on.
    """
    start = time.perf_counter()
    diagnostics = [d for launch in launches for call in launch.calls for d in call.diagnostics()]
    programs = [program for launch in launches for program in launch.programs]
    executed = execute and len(programs) == 1
    if executed:
        copies = [array.copy() for array in launches[0].arrays[0]]
        _core.run_program(programs[0], copies, _run.threads)
    return _result(diagnostics, programs, executed, time.perf_counter() - start)


def check_program(program, arrays, *, execute=True):
    """Checks a parsed program; `arrays` are its inputs in order, None if it is not executed."""
    start = time.perf_counter()
    if execute:
        _core.run_program(program, [array.copy() for array in arrays], _run.threads)
    return _result([], [program], execute, time.perf_counter() - start)


def _result(diagnostics, programs, executed, seconds):
    checked = {
        "instructions": sum(len(program) for program in programs),
        "accesses": 0,
        "bytes": 0,
        "cores": len(programs),
        "executed": executed,
        "undecided": 0,
        "seconds": seconds,
    }
    return CheckResult(diagnostics, checked, [None] * len(programs))
