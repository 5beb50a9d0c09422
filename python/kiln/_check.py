"""Checking calls of kernels: record, check, and execute under observation."""

import dataclasses

from kiln import _compat, _core, _run, _target


@dataclasses.dataclass
class CheckResult:
    """What a check found, and how much was checked.

    `diagnostics`: dicts with id, severity, message, file, line, text, fix, notes (message, file,
    line) and count. `checked`: instructions, accesses, bytes, undecided (accesses whose address was
    not known), cores, executed, seconds; and the target.
    """

    kernel: str
    diagnostics: list
    checked: dict
    program_hash: str | None = None

    @property
    def errors(self):
        return [d for d in self.diagnostics if d["severity"] == "error"]


NOTHING = {
    "instructions": 0,
    "accesses": 0,
    "bytes": 0,
    "undecided": 0,
    "cores": 0,
    "executed": False,
    "seconds": 0.0,
}


def check_call(kernel, bind, *, execute=True, target=None):
    """Checks one call of a Kernel, for a target or the chosen one.

    `bind()` returns fresh bound arguments. All cores of the grid are recorded; with `execute` the
    programs are executed on copies of the inputs, which stay as they are.
    """
    return check_ranks(kernel, [bind], execute=execute, target=target)


def check_ranks(kernel, binds, *, execute=True, target=None):
    """As check_call, on several ranks that execute together."""
    choice = _compat.choose(kernel.fn, kernel.compat)
    index = _target.index(kernel.platform_target) if target is None else target
    try:
        launches = [
            _run.Launch(kernel, choice, bind, rank, index) for rank, bind in enumerate(binds)
        ]
    except _run.NkiValidationError as error:
        checked = NOTHING | {"target": _target.instance(index)}
        return CheckResult(kernel.__name__, error.diagnostics, checked)
    found = check_launches(launches, choice, execute)
    return CheckResult(
        kernel.__name__,
        _merged([d for launch in launches for d in launch.diagnostics()] + found["diagnostics"]),
        found["checked"] | {"target": _target.instance(index)},
        launches[0].programs[0].hash,
    )


def check_launches(launches, choice, execute=True):
    """{diagnostics, checked} of launches that have been recorded."""
    return _core.check_programs(
        [(rank, launch.programs, launch.arrays()) for rank, launch in enumerate(launches)],
        threads=_run.threads,
        compat=choice.release,
        execute=execute,
    )


def _merged(diagnostics):
    """Without what several cores report of the same line."""
    seen = {}
    for diagnostic in diagnostics:
        key = (diagnostic["id"], diagnostic["file"], diagnostic["line"], diagnostic["message"])
        seen.setdefault(key, diagnostic)
    return list(seen.values())
