"""Findings as SARIF 2.1.0, the form that code hosts and editors read
(https://docs.oasis-open.org/sarif/sarif/v2.1.0/)."""

import os
import pathlib
import urllib.parse

import kiln
from kiln import findings
from kiln.findings import kinds

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_ROOT = "%SRCROOT%"
_LEVELS = {"error": "error", "warning": "warning", "advice": "note"}


def report(found):
    """A log with one run, as a dict of what JSON has; files are relative to this directory."""
    rules = sorted({finding.id for finding in found.findings})
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "Kiln",
                        "version": kiln.__version__,
                        "rules": [_rule(kinds.of(id_)) for id_ in rules],
                    }
                },
                "invocations": [{"executionSuccessful": True}],
                "originalUriBaseIds": {_ROOT: {"uri": pathlib.Path.cwd().as_uri() + "/"}},
                "columnKind": "unicodeCodePoints",
                "results": [_result(f, rules.index(f.id)) for f in found.findings],
            }
        ],
    }


def _rule(kind):
    return {
        "id": kind["id"],
        "shortDescription": {"text": kind["explanation"] or kind["id"]},
        "help": {"text": _help(kind), "markdown": _help(kind, markdown=True)},
        "defaultConfiguration": {"level": _LEVELS[kind["severity"]]},
    }


def _help(kind, markdown=False):
    example = f"\n\n```python\n{kind['example']}\n```" if markdown else f"\n\n{kind['example']}"
    return (
        f"Rule: {kind['explanation'] or kind['id']}."
        + (f"\n\nBreaks it:{example}" if kind["example"] else "")
        + (f"\n\nFix: {kind['fix']}." if kind["fix"] else "")
    )


def _result(finding, rule_index):
    # The edit is told, not given as a SARIF fix: that would need the exact replacement.
    fix = f"\nFix: {finding.suggestion}" if finding.suggestion else ""
    result = {
        "ruleId": finding.id,
        "ruleIndex": rule_index,
        "level": _LEVELS[finding.severity],
        "message": {"text": finding.message + fix},
        "occurrenceCount": finding.count,
        "properties": {
            "targets": [target for target in finding.counts if target is not None],
            "kernels": finding.kernels,
        },
    }
    if finding.file:
        result["locations"] = [{"physicalLocation": _place(finding.file, _region(finding))}]
    if finding.notes:
        result["relatedLocations"] = [
            _related(note, number) for number, note in enumerate(finding.notes)
        ]
    return result


def _related(note, number):
    related = {"id": number, "message": {"text": note.message}}
    if note.file:
        region = {"startLine": note.line} if note.line > 0 else None
        related["physicalLocation"] = _place(note.file, region)
    return related


def _region(finding):
    if finding.line < 1:
        return None
    region = {"startLine": finding.line}
    if finding.column is not None:
        region["startColumn"] = finding.column
        if finding.end_line is not None:
            region["endLine"] = finding.end_line
        if finding.end_column is not None:
            region["endColumn"] = finding.end_column
    source = findings.source_line(finding.file, finding.line)
    if source.strip() and region.get("endLine", finding.line) == finding.line:
        region["snippet"] = {"text": source}
    return region


def _place(file, region):
    place = {"artifactLocation": _artifact(file)}
    if region:
        place["region"] = region
    return place


def _artifact(file):
    shown = findings.shown_path(file)
    if os.path.isabs(shown) or shown.startswith(os.pardir):
        return {"uri": pathlib.Path(os.path.abspath(file)).as_uri()}
    return {"uri": urllib.parse.quote(pathlib.PurePath(shown).as_posix()), "uriBaseId": _ROOT}
