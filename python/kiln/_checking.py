"""Checks kernels: the language of each, then the programs of its calls, also while a script or a
test makes them. What comes of it is collected, never raised."""

import contextlib
import io
import threading

from kiln import _check, _run, _target, findings
from kiln.findings import Checked


def language(kernel, target=None):
    """The Checked of the language that the kernel is written in; nothing is recorded."""
    from kiln import gate

    return Checked(kernel.__name__, target, "checked", language=gate.check(kernel))


def attempt(kernel, target, check, otherwise="refused"):
    """The Checked of the kernel and of check(), which returns a CheckResult (of no core, if its
    recording was refused) or raises what recording or executing raises; `otherwise` is the outcome
    then."""
    checked = language(kernel, target)
    try:
        result = check()
    except Exception as error:
        checked.outcome = otherwise
        checked.exception = f"{type(error).__name__}: {error}"
        if isinstance(error, _run.NkiValidationError):
            checked.diagnostics = error.diagnostics
        else:
            checked.diagnostics = [findings.exception_diagnostic(error)]
    else:
        checked.diagnostics = result.diagnostics
        if result.checked["cores"]:
            checked.amounts = result.checked
            checked.memory = result.memory
        else:
            checked.outcome = "refused"
    return checked


@contextlib.contextmanager
def for_target(name):
    """Calls are recorded for this target; with None, for the one that they would be anyway."""
    outer = _target.override
    _target.override = name or outer
    try:
        yield
    finally:
        _target.override = outer


def target_of(kernel):
    return _target.instance(_target.index(kernel.platform_target))


class CallChecker:
    """A `_run.watch` that checks every call before it is executed.

    targets: what to check for, instead of what the call is made for; the call itself goes on for
    the first. Calls with the same program are checked once, with the first one's values, unless
    every_call.
    """

    def __init__(self, targets=(), execute=True, every_call=False):
        self.enabled = True
        self._targets = targets or (None,)
        self._execute = execute
        self._every_call = every_call
        self._checked = {}  # by kernel, target and programs
        self._latest = {}  # by id
        self._lock = threading.RLock()

    @contextlib.contextmanager
    def watching(self):
        """While this lasts, calls of kernels are checked."""
        outer, _run.watch = _run.watch, self
        try:
            yield self
        finally:
            _run.watch = outer

    @property
    def checked(self):
        """The Checked of each distinct program."""
        return list(self._checked.values())

    def take(self):
        """The Checked of the calls since the last take, each once."""
        with self._lock:
            latest, self._latest = self._latest, {}
        return list(latest.values())

    def __call__(self, kernel, choice, record, transport):
        if not self.enabled:
            return record()
        # Ranks in other processes are not here to be executed with.
        execute = self._execute and transport is None
        first, *others = self._targets
        try:
            with for_target(first):
                launches = self._look(kernel, choice, record, execute)
        except Exception:
            self._look_for(others, kernel, choice, record, execute)
            raise
        self._look_for(others, kernel, choice, record, execute)
        return launches

    def _look_for(self, targets, kernel, choice, record, execute):
        """Looks at the call as it would be for other targets. What the kernel prints while it is
        recorded has been seen, and what it raises is noted."""
        for target in targets:
            quiet = contextlib.redirect_stdout(io.StringIO())
            with for_target(target), quiet, contextlib.suppress(Exception):
                self._look(kernel, choice, record, execute)

    def _look(self, kernel, choice, record, execute):
        target = target_of(kernel)
        try:
            launches = record()
        except Exception as error:
            raised = error
            checked = attempt(kernel, target, lambda: _raise(raised))
            self._note((_name(kernel), target, checked.exception), lambda: checked)
            raise
        programs = [program.hash for launch in launches for program in launch.programs]
        self._note(
            (_name(kernel), target, *programs),
            lambda: attempt(
                kernel,
                target,
                lambda: _check.check_recorded(kernel, choice, launches, execute=execute),
                otherwise="failed",
            ),
        )
        return launches

    def _note(self, key, check):
        with self._lock:
            if self._every_call:
                key = (*key, len(self._checked))
            checked = self._checked.get(key)
            if checked is None:
                checked = self._checked[key] = check()
                checked.key = key
            checked.calls += 1
            self._latest[id(checked)] = checked


def _raise(error):
    raise error


def _name(kernel):
    """Tells kernels apart that have one name."""
    code = getattr(kernel.fn, "__code__", None)
    place = (code.co_filename, code.co_firstlineno) if code else id(kernel.fn)
    return (kernel.__name__, place)
