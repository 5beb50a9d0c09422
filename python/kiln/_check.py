"""Checking calls of kernels: record, check, and execute under observation on copies of the inputs.
What users see of it is in kiln.findings."""

import dataclasses

from kiln import _compat, _core, _run, _target


@dataclasses.dataclass
class CheckResult:
    """What a check found, and how much was checked.

    `diagnostics`: dicts with id, severity, message, file, line, text, notes (message, file, line)
    and count. `checked`: instructions, accesses, bytes, undecided (accesses whose address was not
    known), cores (0 if the recording was refused), executed, seconds. `memory`: the placement
    report of each core.
    """

    kernel: str
    diagnostics: list
    checked: dict
    memory: list


def check_call(kernel, bind, *, execute=True):
    """Checks one call of a Kernel, for the chosen target.

    `bind()` returns fresh bound arguments. All cores of the grid are recorded; with `execute` the
    programs are executed on copies of the inputs, which stay as they are. The kernel's own
    exception passes; its errors are in the result. Publishes no provenance.
    """
    choice = _compat.choose(kernel.fn, kernel.compat)
    index = _target.index(kernel.platform_target)
    try:
        launches = [_run.Launch(kernel, choice, bind, 0, index)]
    except _run.NkiValidationError as error:
        return CheckResult(kernel.__name__, error.diagnostics, dict(_NOTHING), [])
    return check_recorded(kernel, choice, launches, execute=execute)


def check_recorded(kernel, choice, launches, *, execute=True):
    """Checks the launches of one call, a rank each, that would be executed together.

    Leaves them and the call's arrays as they are, so that the call can go on.
    """
    found = _core.check_programs(
        [(rank, launch.programs, launch.arrays()) for rank, launch in enumerate(launches)],
        threads=_run.threads,
        compat=choice.release,
        execute=execute,
    )
    recorded = [d for launch in launches for d in launch.diagnostics()]
    programs = [program for launch in launches for program in launch.programs]
    return _result(kernel.__name__, recorded, found, programs)


def refuse_errors(kernel, choice, launches):
    """Raises NkiValidationError if a check of the launches finds errors."""
    diagnostics = check_recorded(kernel, choice, launches).diagnostics
    if any(d["severity"] == "error" for d in diagnostics):
        raise _run.NkiValidationError(kernel.__name__, diagnostics)


def check_program(program, arrays, *, execute=True):
    """Checks a parsed program; `arrays` are its inputs in order, None if it is not executed."""
    found = _core.check_programs(
        [(0, [program], list(arrays or []))], threads=_run.threads, execute=execute
    )
    return _result(program.kernel, [], found, [program])


_NOTHING = {
    "instructions": 0,
    "accesses": 0,
    "bytes": 0,
    "undecided": 0,
    "cores": 0,
    "executed": False,
    "seconds": 0.0,
}


def _result(kernel, recorded, found, programs):
    diagnostics = _merged(recorded + found["diagnostics"])
    memory = [_core.placement_report(program) for program in programs]
    return CheckResult(kernel, diagnostics, found["checked"], memory)


def _merged(diagnostics):
    """Without what several cores report of the same line."""
    seen = {}
    for diagnostic in diagnostics:
        key = (diagnostic["id"], diagnostic["file"], diagnostic["line"], diagnostic["message"])
        seen.setdefault(key, diagnostic)
    return list(seen.values())
