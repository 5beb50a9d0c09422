"""Findings as JSON; docs/reference/check_json.md describes the form."""

import dataclasses

import kiln
from kiln import findings
from kiln.findings import kinds

# Changes when a key disappears or means something else; new keys may come without that.
VERSION = 1


def report(found):
    """The report as a dict of what JSON has."""
    return {
        "version": VERSION,
        "kiln": kiln.__version__,
        "targets": found.targets,
        "summary": found.counts(),
        "findings": [_finding(f) for f in found.findings],
        "checked": [_total(target, total, found) for target, total in found.totals.items()],
        "memory": [
            {"kernel": checked.kernel, "target": checked.target, "core": core, "report": report}
            for checked, core, report in found.memory
        ],
    }


def _finding(finding):
    return {
        "id": finding.id,
        "severity": finding.severity,
        "message": finding.message,
        "file": findings.shown_path(finding.file),
        "line": finding.line or None,
        "column": finding.column,
        "end_line": finding.end_line,
        "end_column": finding.end_column,
        "count": finding.count,
        "targets": [target for target in finding.counts if target is not None],
        "kernels": finding.kernels,
        "notes": [_note(note) for note in finding.notes],
        "explanation": kinds.of(finding.id)["explanation"],
        "suggestion": finding.suggestion or None,
    }


def _note(note):
    where = {"file": findings.shown_path(note.file), "line": note.line or None}
    return dataclasses.asdict(note) | where


def _total(target, total, found):
    return {
        "target": target,
        "kernels": total.kernels,
        "calls": total.calls,
        "programs": total.programs,
        "refused": total.outcomes["refused"],
        "failed": total.outcomes["failed"],
        "not_executed": total.not_executed,
        "cores": total.cores,
        **total.sums,
        "found": found.counts(target),
    }
