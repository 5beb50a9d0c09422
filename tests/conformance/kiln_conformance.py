"""pytest plugin for the NKI Library's suite on Kiln: supplies what its harness lacks, and reports
where each test's time went.
"""

import json
import os
import pathlib
import sys
import time

import pytest
import ranks
import stand_ins
import summary

import kiln
from kiln import _run

kiln.install()
stand_ins.supply()

PROPERTY = "kiln"
DONE = pytest.StashKey[set]()  # names of the tests that --kiln-go-on leaves out


def pytest_addoption(parser):
    option = parser.addoption
    option("--kiln-report", metavar="FILE", type=pathlib.Path, default=os.devnull,
           help="write the results to this file, a line of JSON for each")  # fmt: skip
    option("--kiln-go-on", action="store_true",
           help="add to the report, and leave out what it has as passed or skipped")  # fmt: skip
    option("--kiln-leave-out", action="append", default=[], metavar="NAME",
           help="leave out test modules whose path holds this name")  # fmt: skip


def pytest_configure(config):
    if hasattr(config, "workerinput"):
        config.stash[DONE] = set(config.workerinput["kiln_done"])
        return
    path, go_on = config.getoption("--kiln-report"), config.getoption("--kiln-go-on")
    results = summary.merged([path]) if go_on and path.is_file() else {}
    config.stash[DONE] = {n for n, test in results.items() if test["outcome"] != "failed"}
    if not go_on:
        path.write_text("")
    config.pluginmanager.register(_Report(path, config.stash[DONE]))


def pytest_collection_modifyitems(config, items):
    left_out = config.getoption("--kiln-leave-out")
    dropped = [
        item
        for item in items
        if item.nodeid in config.stash[DONE] or any(name in str(item.path) for name in left_out)
    ]
    if dropped:
        config.hook.pytest_deselected(items=dropped)
        items[:] = [item for item in items if item not in dropped]


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
    """Writes each result as it comes, from all workers, and sums them up at the end."""

    def __init__(self, path, done):
        self.path = path
        self.done = done
        self.tests = {}
        self.start = time.time()

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node):
        # A worker that replaces one that died must collect what that did.
        node.workerinput["kiln_done"] = sorted(self.done)

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
        if report.when not in ("setup", "call"):  # the end of a test, or of a worker in a test
            with self.path.open("a") as file:
                print(json.dumps(test), file=file)

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
        if self.path.is_file():
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
