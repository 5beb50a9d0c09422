"""pytest --kiln-check: checks every kernel that a test suite runs.

A test whose kernels have errors fails with what was found. What tests compute stays the same: the
checks run on copies, before the call. Nothing is imported or done without the option.
"""

import contextlib
import json
import pathlib

import pytest

MARK = "no_kiln_check"


def pytest_addoption(parser):
    group = parser.getgroup("kiln", "checks of NKI kernels")
    group.addoption(
        "--kiln-check",
        action="store_true",
        help="check every kernel that the tests run; errors in it fail the test",
    )
    group.addoption("--kiln-check-json", metavar="FILE", help="write what was found there, as JSON")
    group.addoption(
        "--kiln-check-every-call",
        action="store_true",
        help="check each call; else each distinct program once, with the first call's values",
    )


def pytest_load_initial_conftests(early_config):
    if early_config.known_args_namespace.kiln_check:
        import kiln

        kiln.install()


def pytest_configure(config):
    config.addinivalue_line(
        "markers",
        f"{MARK}(*ids): pytest --kiln-check does not fail the test for findings of these ids; "
        "without ids, it does not check its kernels",
    )
    option = config.option
    if not option.kiln_check:
        for name in ("json", "every_call"):
            if getattr(option, f"kiln_check_{name}"):
                raise pytest.UsageError(f"--kiln-check-{name.replace('_', '-')} needs --kiln-check")
        return
    if option.kiln_check_json:
        _refuse_unwritable(option.kiln_check_json)
    config.pluginmanager.register(KernelChecks(config), "kiln_check")


def _refuse_unwritable(path):
    from kiln.cli import errors, files

    try:
        files.writable(path, "--kiln-check-json")
    except errors.UsageError as error:
        raise pytest.UsageError(str(error)) from None


class KernelChecks:
    """The checks of one process: of the whole session, or of one of pytest-xdist's workers, which
    hands them to the controller."""

    def __init__(self, config):
        from kiln import _checking

        self._config = config
        self._checker = _checking.CallChecker(every_call=config.option.kiln_check_every_call)
        self._watching = self._checker.watching()
        self._watching.__enter__()
        self._of_workers = []  # Checked
        self._lost = 0  # workers that ended without telling
        self._tests = {}  # {node id: its errors, as dicts}

    def pytest_unconfigure(self):
        self._watching.__exit__(None, None, None)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item):
        marks = list(item.iter_markers(MARK))
        self._checker.enabled = all(mark.args for mark in marks)
        try:
            return (yield)
        finally:
            self._checker.enabled = True
            self._checker.take()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self, item):
        """Kernels of fixtures count for the test that sets them up, those that run while tests are
        collected for the first test: all of them until its call has ended."""
        with self._explained(item, "setup"):
            return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item):
        with self._explained(item, "call"):
            result = yield
        self._fail(item)
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_teardown(self, item):
        with self._explained(item, "teardown"):
            result = yield
        self._fail(item)
        return result

    @contextlib.contextmanager
    def _explained(self, item, when):
        """What fails or is skipped already stays so; what is wrong with its kernels may say why."""
        try:
            yield
        except BaseException:
            report, _ = self._errors(item)
            if report:
                item.add_report_section(when, "kiln check", report)
            raise

    def _fail(self, item):
        report, count = self._errors(item)
        if report:
            from kiln.findings import text

            pytest.fail(
                f"kiln check found {text.plural(count, 'error')} in the kernels of this test\n\n"
                f"{report}",
                pytrace=False,
            )

    def _errors(self, item):
        """(text, number of errors) in the programs that ran since this was last asked; ("", 0) if
        none of them fails the test."""
        from kiln import findings
        from kiln.findings import text

        ignored = {id_ for mark in item.iter_markers(MARK) for id_ in mark.args}
        report = findings.Report(advice=False)
        for checked in self._checker.take():
            # A call that was refused has raised in the test, which may want just that.
            if checked.outcome == "checked":
                report.add(checked)
        errors = [f for f in report.findings if f.severity == "error" and f.id not in ignored]
        if not errors:
            return "", 0
        self._tests.setdefault(item.nodeid, []).extend(
            {"id": f.id, "file": findings.shown_path(f.file), "line": f.line} for f in errors
        )
        return text.report(report), len(errors)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session):
        worker_output = getattr(session.config, "workeroutput", None)
        if worker_output is not None:
            worker_output["kiln_check"] = self._packed()
        elif self._config.option.kiln_check_json:
            self._write(self._config.option.kiln_check_json)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node):
        """A worker of pytest-xdist has ended."""
        output = getattr(node, "workeroutput", {}).get("kiln_check")
        if output is None:
            self._lost += 1
        else:
            self._unpack(output)

    def _packed(self):
        """What the controller needs of this worker, as text."""
        import dataclasses

        checked = [dataclasses.asdict(each) for each in self._all_checked()]
        return json.dumps({"checked": checked, "tests": self._tests})

    def _unpack(self, output):
        from kiln import findings

        data = json.loads(output)
        self._of_workers += [findings.Checked(**each) for each in data["checked"]]
        self._tests |= data["tests"]

    def _all_checked(self):
        """Each program once, whichever processes have checked it; of those that did not run,
        without what was found: their calls have raised that."""
        import dataclasses

        by_key = {}
        for checked in [*self._of_workers, *self._checker.checked]:
            key = json.dumps(checked.key)
            if key in by_key:
                by_key[key].calls += checked.calls
                continue
            by_key[key] = dataclasses.replace(checked, memory=[])
            if checked.outcome != "checked":
                by_key[key] = dataclasses.replace(by_key[key], language=[], diagnostics=[])
        return list(by_key.values())

    def _report(self):
        from kiln import findings

        report = findings.Report()
        for checked in self._all_checked():
            report.add(checked)
        return report

    def _failed(self):
        return [checked for checked in self._all_checked() if checked.outcome == "failed"]

    def pytest_terminal_summary(self, terminalreporter):
        from kiln.findings import text

        report = self._report()
        write = terminalreporter.write_line
        terminalreporter.section("kiln check")
        for line in text.summary(report) or ["no kernel was run"]:
            write(line)
        for line in text.by_id(report):
            write(line)
        for checked in self._failed():
            write(f"not checked: {checked.kernel} for {checked.target}: {checked.exception}")
        if self._lost:
            write(f"{text.plural(self._lost, 'worker')} ended without telling what it checked")
        if self._config.option.kiln_check_json:
            write(f"written: {self._config.option.kiln_check_json}")

    def _write(self, path):
        from kiln import _files
        from kiln.findings import as_json

        data = as_json.report(self._report())
        data["tests"] = self._tests
        data["not_checked"] = [
            {"kernel": c.kernel, "target": c.target, "reason": c.exception} for c in self._failed()
        ]
        _files.write_text(pathlib.Path(path), json.dumps(data, indent=2) + "\n")
