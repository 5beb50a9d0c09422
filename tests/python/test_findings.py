"""The forms of the checker's findings: what stands where in text, JSON and SARIF."""

import json
import os
import pathlib

import fake_checker
import pytest
from kiln.findings import as_json, sarif, text

from kiln import findings


@pytest.fixture(autouse=True)
def fake(monkeypatch, tmp_path):
    fake_checker.install(monkeypatch)
    monkeypatch.chdir(tmp_path)


def _finding(**others):
    base = {"id": "small_dma", "severity": "error", "message": "m", "file": "a.py", "line": 1}
    report = findings.Report()
    report.add(findings.Checked("k", "trn2", "checked", diagnostics=[base | others]))
    return report


def test_carets_stand_below_what_is_meant():
    pathlib.Path("a.py").write_text("\tx = '語' + y(1,\n  2)\n")
    lines = text.report(_finding(column=6, end_line=1, end_column=9)).splitlines()
    assert lines[1:3] == ["    1 | \tx = '語' + y(1,", "      | \t    ^^^^"]
    lines = text.report(_finding(column=12, end_line=2, end_column=5)).splitlines()
    assert lines[2] == "      | \t" + " " * 11 + "^^^^"
    lines = text.report(_finding(column=2)).splitlines()
    assert lines[2] == "      | \t^"


def test_findings_on_one_line_share_its_text():
    pathlib.Path("b.py").write_text("one line\n")
    report = _finding(file="b.py")
    other = {"id": "dead_store", "severity": "warning", "message": "n", "file": "b.py", "line": 1}
    report.add(findings.Checked("k", "trn2", "checked", diagnostics=[other]))
    assert text.report(report).count("one line") == 1


def test_control_characters_do_not_reach_the_terminal():
    assert "\033" not in text.report(_finding(message="a\033[2Jb"))


class _Stream:
    def __init__(self, isatty):
        self.isatty = lambda: isatty


def test_colours_are_for_terminals(monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert "\033[1;31merror\033[0m" in text.report(_finding(), text.Paint.for_stream(_Stream(True)))
    assert "\033" not in text.report(_finding(), text.Paint.for_stream(_Stream(False)))
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\033" not in text.report(_finding(), text.Paint.for_stream(_Stream(True)))


# What each object of SARIF 2.1.0 must have, and what else of it is used here.
SARIF_OBJECTS = {
    "log": ({"version", "runs"}, {"$schema"}),
    "run": ({"tool"}, {"invocations", "originalUriBaseIds", "columnKind", "results"}),
    "driver": ({"name"}, {"version", "rules"}),
    "rule": ({"id"}, {"shortDescription", "help", "defaultConfiguration"}),
    "result": (
        {"message"},
        {"ruleId", "ruleIndex", "level", "occurrenceCount", "locations", "relatedLocations"}
        | {"properties"},
    ),
    "location": (set(), {"id", "message", "physicalLocation"}),
    "physicalLocation": ({"artifactLocation"}, {"region"}),
    "artifactLocation": ({"uri"}, {"uriBaseId"}),
    "region": ({"startLine"}, {"startColumn", "endLine", "endColumn", "snippet"}),
}


def _is(kind, thing):
    required, optional = SARIF_OBJECTS[kind]
    assert required <= thing.keys() <= required | optional, kind


def _validate(log):
    """By hand; and by the published schema, if KILN_SARIF_SCHEMA names its file."""
    _is("log", log)
    for run in log["runs"]:
        _is("run", run)
        driver = run["tool"]["driver"]
        _is("driver", driver)
        for rule in driver["rules"]:
            _is("rule", rule)
            assert rule["help"]["text"]
        assert run["invocations"][0]["executionSuccessful"] is True
        for result in run["results"]:
            _is("result", result)
            assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
            assert result["level"] in ("error", "warning", "note")
            assert result["occurrenceCount"] >= 1
            for location in [*result.get("locations", ()), *result.get("relatedLocations", ())]:
                _is("location", location)
                place = location.get("physicalLocation")
                if place is None:
                    continue
                _is("physicalLocation", place)
                _is("artifactLocation", place["artifactLocation"])
                if "region" in place:
                    _is("region", place["region"])
                    assert place["region"]["startLine"] >= 1
    if os.environ.get("KILN_SARIF_SCHEMA"):
        jsonschema = pytest.importorskip("jsonschema")
        schema = json.loads(pathlib.Path(os.environ["KILN_SARIF_SCHEMA"]).read_text())
        jsonschema.validate(log, schema)


def test_sarif(tmp_path):
    pathlib.Path("k.py").write_text("tile = nl.load(x)\n")
    notes = [
        {"message": "see here", "file": "k.py", "line": 1},
        {"message": "n", "file": "", "line": 0},
    ]
    report = findings.Report()
    base = {"id": "uninitialised_read", "severity": "error", "file": "k.py", "line": 1}
    place = {"column": 8, "end_line": 1, "end_column": 18, "fix": "its own fix"}
    diagnostics = [
        base | {"message": "reads 128 bytes", "notes": notes, "count": 7},
        base | place | {"message": "placed"},
    ]
    report.add(findings.Checked("k", "trn2", "checked", diagnostics=diagnostics))
    log = sarif.report(report)
    _validate(log)
    (run,) = log["runs"]
    assert run["originalUriBaseIds"]["%SRCROOT%"]["uri"] == tmp_path.as_uri() + "/"
    read, placed = run["results"]
    assert read["level"] == "error"
    assert read["occurrenceCount"] == 7
    assert read["message"]["text"] == "reads 128 bytes\nFix: write the tile first"
    where = read["locations"][0]["physicalLocation"]
    assert where["artifactLocation"] == {"uri": "k.py", "uriBaseId": "%SRCROOT%"}
    assert where["region"] == {"startLine": 1, "snippet": {"text": "tile = nl.load(x)"}}
    assert [r["message"]["text"] for r in read["relatedLocations"]] == ["see here", "n"]
    assert placed["message"]["text"] == "placed\nFix: its own fix"
    region = placed["locations"][0]["physicalLocation"]["region"]
    assert (region["startColumn"], region["endColumn"]) == (8, 18)


def test_sarif_of_a_file_elsewhere_and_of_no_file():
    report = findings.Report()
    outside = {"file": "/elsewhere/a b.py", "line": 3, "message": "m", "severity": "advice"}
    nowhere = {"file": "", "line": 0, "message": "n", "severity": "error"}
    diagnostics = [outside | {"id": "small_dma"}, nowhere | {"id": "not_registered"}]
    report.add(findings.Checked("k", "trn2", "checked", diagnostics=diagnostics))
    log = sarif.report(report)
    _validate(log)
    nowhere, outside = log["runs"][0]["results"]
    assert "locations" not in nowhere
    place = outside["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "file:///elsewhere/a%20b.py"}
    assert outside["level"] == "note"
    assert as_json.report(report)["findings"][0]["line"] is None
    assert text.report(report).startswith("error: n [not_registered]\n\n/elsewhere/a b.py:3: adv")


def test_what_programs_do_adds_up_and_what_their_source_says_does_not():
    report = findings.Report()
    seen = {"id": "small_dma", "severity": "advice", "message": "m", "file": "k.py", "line": 1}
    said = seen | {"id": "dead_store", "severity": "warning"}
    for target in ("trn1", "trn2", "trn2"):
        checked = findings.Checked("k", target, "checked", [said], [seen | {"count": 4}])
        report.add(checked)
    assert {f.id: f.counts for f in report.findings} == {
        "dead_store": {"trn1": 1, "trn2": 1},
        "small_dma": {"trn1": 4, "trn2": 8},
    }
    assert [f["count"] for f in as_json.report(report)["findings"]] == [1, 8]


def test_amounts_are_readable():
    assert [text.size(n) for n in (0, 999, 1000, 123456, 5 * 10**12)] == [
        *("0 B", "999 B", "1.0 kB", "123.5 kB", "5000.0 GB"),
    ]
    assert text.plural(1, "access", "es") == "1 access"
    assert text.plural(1234567, "access", "es") == "1 234 567 accesses"
