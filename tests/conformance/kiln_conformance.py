"""pytest plugin for the NKI Library's suite on Kiln: supplies what its harness lacks, and reports
where each test's time went.
"""

import json
import os
import sys
import time

import pytest
import ranks
import stand_ins

import kiln
from kiln import _run

kiln.install()
stand_ins.supply()

PROPERTY = "kiln"


def pytest_addoption(parser):
    parser.addoption("--kiln-report", metavar="FILE", help="write the results as JSON to this file")
    parser.addoption("--kiln-leave-out", action="append", default=[], metavar="NAME",
                     help="leave out test modules whose path holds this name")  # fmt: skip


def pytest_configure(config):
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Report(config.getoption("--kiln-report")))


def pytest_collection_modifyitems(config, items):
    left_out = config.getoption("--kiln-leave-out")
    dropped = [i for i in items if any(name in str(i.path) for name in left_out)]
    if dropped:
        config.hook.pytest_deselected(items=dropped)
        items[:] = [i for i in items if i not in dropped]


def pytest_collection_finish(session):
    orchestrator = sys.modules.get("test.utils.test_orchestrator")
    if orchestrator:
        # Read always, set only when the harness compiles.
        orchestrator.Orchestrator._compiled_kernel = None
        ranks.install(orchestrator, sys.modules["test.utils.common_dataclasses"])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """Adds up what Kiln's calls took in this test."""
    spent = {"record": 0.0, "execute": 0.0, "instructions": 0, "by_reference": 0}

    def add(provenance):
        spent["record"] += provenance["record_seconds"]
        spent["execute"] += provenance["execute_seconds"]
        spent["instructions"] += sum(provenance["instructions"].values())
        spent["by_reference"] += provenance["by_reference"]

    _run.listeners.append(add)
    try:
        return (yield)
    finally:
        _run.listeners.remove(add)
        item.user_properties.append((PROPERTY, spent))


class _Report:
    """Collects the results, from all workers, and writes them at the end."""

    def __init__(self, path):
        self.path = path
        self.tests = {}
        self.start = time.time()

    def pytest_runtest_logreport(self, report):
        test = self.tests.setdefault(
            report.nodeid, {"test": report.nodeid, "outcome": "passed", "seconds": 0.0}
        )
        test["seconds"] += report.duration
        if report.outcome != "passed":
            test["outcome"] = report.outcome
        if report.failed:
            crash = getattr(report.longrepr, "reprcrash", None)
            test["message"] = crash.message if crash else str(report.longrepr)
        if report.when == "call":
            test.update(dict(report.user_properties).get(PROPERTY, {}))

    def pytest_terminal_summary(self, terminalreporter):
        tests = sorted(self.tests.values(), key=lambda test: -test["seconds"])
        if not tests:
            return
        totals = dict.fromkeys(("passed", "failed", "skipped"), 0)
        for test in tests:
            totals[test["outcome"]] += 1
        _print_slowest(terminalreporter, tests[:20])
        line = ", ".join(f"{count} {name}" for name, count in totals.items())
        terminalreporter.write_line(f"{line} in {time.time() - self.start:.0f} s")
        if self.path:
            with open(self.path, "w") as file:
                json.dump({"totals": totals, "tests": tests}, file, indent=1)
            terminalreporter.write_line(f"all results: {os.path.relpath(self.path)}")


def _print_slowest(terminal, tests):
    terminal.section("slowest tests: seconds in all, recording, executing, the suite's own")
    for test in tests:
        record, execute = test.get("record", 0.0), test.get("execute", 0.0)
        rest = test["seconds"] - record - execute
        name = test["test"].rpartition("/")[2]
        terminal.write_line(
            f"{test['seconds']:7.2f} {record:7.2f} {execute:7.2f} {rest:7.2f}  {name}"
        )
