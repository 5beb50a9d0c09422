"""./run conformance --summary REPORT…: adds up reports of runs as the table of docs/conformance.md.

A report has a line of JSON for each test. A test that several lines have counts as in the last of
them, unless it was skipped there.
"""

import json
import sys


def folder(test):
    """Where the test lies: core/mlp, experimental/conv, …"""
    path = test.partition("::")[0].partition("nkilib/")[2]
    return "/".join(path.split("/")[:2])


def merged(paths):
    """The results of all reports, by test."""
    results = {}
    for path in paths:
        with open(path) as file:
            for test in map(json.loads, file):
                if test["outcome"] != "skipped" or test["test"] not in results:
                    results[test["test"]] = test
    return results


def rows(results):
    """By folder: passed, failed, skipped, seconds in all, seconds in Kiln."""
    table = {}
    for name, test in results.items():
        row = table.setdefault(folder(name), [0, 0, 0, 0.0, 0.0])
        row[("passed", "failed", "skipped").index(test["outcome"])] += 1
        row[3] += test["seconds"]
        row[4] += test.get("record", 0.0) + test.get("execute", 0.0)
    return [(name, *table[name]) for name in sorted(table)]


def main(paths):
    if not paths:
        print(__doc__, file=sys.stderr)
        return 2
    table = rows(merged(paths))
    table.append(("all", *(sum(column) for column in list(zip(*table, strict=True))[1:])))
    print("| folder | passed | failed | skipped | seconds | in Kiln |")
    print("|---|--:|--:|--:|--:|--:|")
    for name, passed, failed, skipped, seconds, kiln in table:
        print(f"| {name} | {passed} | {failed} | {skipped} | {seconds:.0f} | {kiln:.0f} |")
    return 0
