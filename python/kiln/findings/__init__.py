"""What the checker found, for people and for tools: the data; its forms are text, as_json and
sarif, and kinds explains each id. Nothing here checks anything."""

import dataclasses
import linecache
import os

from kiln import _run
from kiln.findings import kinds

SEVERITIES = ("error", "warning", "advice")


@dataclasses.dataclass(frozen=True)
class Note:
    """Another line that a finding is about, and what happens there."""

    message: str
    file: str
    line: int


@dataclasses.dataclass
class Finding:
    """One thing that is wrong, at one place. Columns count characters from 1; the end is the first
    character that does not belong to it. They are None where only the line is known."""

    id: str
    severity: str
    message: str
    file: str
    line: int
    column: int | None
    end_line: int | None
    end_column: int | None
    notes: tuple
    fix: str | None  # its own; else the kind has one
    counts: dict  # {target: how often it was seen}
    kernels: list  # in which it was seen

    @classmethod
    def of(cls, diagnostic):
        """The finding of a diagnostic's dict, seen nowhere yet."""
        optional = ("column", "end_line", "end_column", "fix")
        return cls(
            **{k: diagnostic[k] for k in ("id", "severity", "message", "file", "line")},
            **{k: diagnostic.get(k) for k in optional},
            notes=tuple(
                Note(n["message"], n["file"], n["line"]) for n in diagnostic.get("notes", ())
            ),
            counts={},
            kernels=[],
        )

    @property
    def key(self):
        """Two diagnostics with the same are one finding."""
        where = (self.file, self.line, self.column, self.end_line, self.end_column)
        return (self.id, self.severity, *where, self.message, self.notes)

    @property
    def count(self):
        return max(self.counts.values())

    @property
    def order(self):
        rank = SEVERITIES.index(self.severity)
        return (shown_path(self.file), self.line, self.column or 0, rank)

    @property
    def suggestion(self):
        """Its own fix, or the one that usually helps against its kind."""
        return self.fix or kinds.of(self.id)["fix"]


@dataclasses.dataclass
class Checked:
    """One program that was checked for one target, and what came of it."""

    kernel: str
    target: str | None  # None: the language alone was checked
    outcome: str  # "checked"; "refused", when recorded; "failed", the check itself
    language: list = dataclasses.field(default_factory=list)  # diagnostics of the kernel's source
    diagnostics: list = dataclasses.field(default_factory=list)  # of this program
    amounts: dict | None = None  # CheckResult.checked
    memory: list = dataclasses.field(default_factory=list)
    exception: str | None = None  # why it is not "checked"
    calls: int = 0
    key: tuple = ()

    @property
    def has_errors(self):
        return any(d["severity"] == "error" for d in [*self.language, *self.diagnostics])


def exception_diagnostic(error):
    """A kernel's exception as a diagnostic at the kernel's own line."""
    where = _run.origin(error)
    known = "".join(f"\n{note}" for note in getattr(error, "__notes__", []))
    return {
        "id": kinds.KERNEL_EXCEPTION["id"],
        "severity": "error",
        "message": f"{type(error).__name__}: {error}{known}",
        "file": where.filename if where else "",
        "line": where.lineno if where else 0,
    }


class Report:
    """Everything that was checked and found: the sum of many Checked."""

    def __init__(self, advice=True):
        self.totals = {}  # {target: its Total}
        self.memory = []  # (Checked, core, report)
        self._advice = advice
        self._findings = {}

    @property
    def targets(self):
        return [target for target in self.totals if target is not None]

    @property
    def findings(self):
        """By file, line, column and severity; then as they were found."""
        return sorted(self._findings.values(), key=lambda finding: finding.order)

    def add(self, checked):
        self.totals.setdefault(checked.target, Total()).add(checked)
        self.memory += [
            (checked, core, report) for core, report in enumerate(checked.memory) if report
        ]
        # The source of a kernel says the same in each of its programs; what programs do adds up.
        self._add_all(checked.language, checked, max)
        self._add_all(checked.diagnostics, checked, int.__add__)

    def _add_all(self, diagnostics, checked, together):
        for diagnostic in diagnostics:
            if diagnostic["severity"] == "advice" and not self._advice:
                continue
            finding = Finding.of(diagnostic)
            finding = self._findings.setdefault(finding.key, finding)
            count = together(finding.counts.get(checked.target, 0), diagnostic.get("count", 1))
            finding.counts[checked.target] = count
            if checked.kernel not in finding.kernels:
                finding.kernels.append(checked.kernel)

    def counts(self, target=all):
        """{severity: number of findings}, of one target or of all."""
        found = [f for f in self._findings.values() if target is all or target in f.counts]
        return {s: sum(f.severity == s for f in found) for s in SEVERITIES}

    @property
    def has_errors(self):
        return self.counts()["error"] > 0


_SUMS = ("instructions", "accesses", "bytes", "undecided", "seconds")


class Total:
    """How much was checked for one target."""

    def __init__(self):
        self.calls = 0
        self.outcomes = {"checked": 0, "refused": 0, "failed": 0}  # programs
        self.not_executed = 0  # of the checked ones
        self.cores = 0  # of the largest grid
        self.kernels = []
        self.sums = dict.fromkeys(_SUMS, 0)

    @property
    def programs(self):
        return sum(self.outcomes.values())

    def add(self, checked):
        self.calls += max(1, checked.calls)
        self.outcomes[checked.outcome] += 1
        if checked.kernel not in self.kernels:
            self.kernels.append(checked.kernel)
        if checked.amounts is None:
            return
        self.not_executed += not checked.amounts.get("executed", False)
        self.cores = max(self.cores, checked.amounts.get("cores", 1))
        for name in _SUMS:
            self.sums[name] += checked.amounts.get(name, 0)


def shown_path(file):
    """A path as a report shows it: relative if it is inside the current directory."""
    if not file:
        return ""
    inside = os.path.relpath(file) if os.path.isabs(file) else os.path.normpath(file)
    return file if inside.startswith(os.pardir + os.sep) else inside


def source_line(file, line):
    """The line without its end; "" if it is not known."""
    return linecache.getline(file, line).rstrip("\r\n") if file and line > 0 else ""
