"""Findings as a person reads them in a terminal: every one with its source line, then a sentence
on what was checked."""

import os
import unicodedata

from kiln import findings
from kiln.findings import kinds

_COLOURS = {
    "error": "1;31",
    "warning": "1;35",
    "advice": "1;36",
    "note": "1;34",
    "fix": "1;32",
    "caret": "1;32",
    "place": "1",
}


class Paint:
    """Colours words, or leaves them as they are."""

    def __init__(self, on=False):
        self._on = on

    @classmethod
    def for_stream(cls, stream):
        """Colours on a terminal, unless NO_COLOR says otherwise (https://no-color.org)."""
        plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
        return cls(stream.isatty() and not plain)

    def __call__(self, what, text):
        return f"\033[{_COLOURS[what]}m{text}\033[0m" if self._on and text else text


def report(found, paint=None):
    """All findings, by file and line, each group with its source line; ends with a blank line if
    there is something."""
    paint = paint or Paint()
    lines = []
    place = None
    explained = set()
    for finding in found.findings:
        same_line = place == (finding.file, finding.line)
        if lines and not same_line:
            lines.append("")
        place = (finding.file, finding.line)
        lines += _lines(finding, found.targets, paint, explained, same_line)
    return "".join(f"{line}\n" for line in [*lines, ""]) if lines else ""


def _lines(finding, targets, paint, explained, same_line):
    head, *more = printable(finding.message).split("\n")
    yield (
        f"{_place(finding, paint)}{paint(finding.severity, finding.severity)}: {head}"
        f" [{finding.id}]{_only(finding, targets)}"
    )
    yield from (f"    {line}" for line in more)
    if not same_line or finding.column:
        yield from _excerpt(finding, paint)
    if finding.count > 1:
        yield f"    seen {number(finding.count)} times"
    for note in finding.notes:
        where = _where(note.file, note.line)
        where = f"{where}: " if where else ""
        yield f"    {paint('note', 'note')}: {where}{printable(note.message)}"
        if (note.file, note.line) != (finding.file, finding.line):
            yield from _source(note.file, note.line, indent="    ")
    # The usual fix is the same each time; once is enough.
    fix = finding.suggestion
    if fix and (finding.id, fix) not in explained:
        explained.add((finding.id, fix))
        yield f"    {paint('fix', 'fix')}: {fix}"


def _place(finding, paint):
    where = _where(finding.file, finding.line)
    if where and finding.column:
        where += f":{finding.column}"
    return paint("place", f"{where}:") + " " if where else ""


def _where(file, line):
    path = findings.shown_path(file)
    return f"{path}:{line}" if path and line > 0 else path


def _only(finding, targets):
    """ " (trn1 only)", if it was checked for other targets too."""
    if len(targets) < 2 or len(finding.counts) == len(targets):
        return ""
    return f" ({', '.join(t for t in targets if t in finding.counts)} only)"


def _source(file, line, indent=""):
    source = findings.source_line(file, line)
    if source.strip():
        yield f"{indent}{line:>5} | {printable(source)}"


def _excerpt(finding, paint):
    lines = list(_source(finding.file, finding.line))
    yield from lines
    if lines and finding.column:
        source = printable(findings.source_line(finding.file, finding.line))
        indent = _indent(source[: finding.column - 1])
        yield f"      | {indent}{paint('caret', _caret(finding, source))}"


def _caret(finding, source):
    """As wide as what is meant; to the end of the line if it goes on after it."""
    end = finding.end_column
    if finding.end_line is not None and finding.end_line > finding.line:
        end = len(source) + 1
    meant = source[finding.column - 1 : (end or finding.column + 1) - 1]
    return "^" * max(1, sum(map(_width, meant)))


def _indent(text):
    return "".join("\t" if c == "\t" else " " * _width(c) for c in text)


def _width(character):
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def printable(text):
    """The text without what would control the terminal."""
    return "".join(
        "\N{REPLACEMENT CHARACTER}" if unicodedata.category(c)[0] == "C" and c not in "\t\n" else c
        for c in text
    )


def summary(found, paint=None):
    """A line for each target: how much was checked, and how much was found."""
    paint = paint or Paint()
    return [
        f"{_amounts(target, total)}: {_counts(found.counts(target), paint)}"
        for target, total in found.totals.items()
    ]


def _amounts(target, total):
    if target is None:
        return f"checked the language of {plural(len(total.kernels), 'kernel')}, nothing else"
    if not total.outcomes["checked"]:
        return f"checked nothing but the recording, for {target}"
    parts = []
    if total.calls > 1:
        parts.append(f"{plural(total.calls, 'call')} ({plural(total.programs, 'program')})")
    sums = total.sums
    parts.append(plural(sums["instructions"], "instruction"))
    if sums["accesses"]:
        parts.append(f"{plural(sums['accesses'], 'access', 'es')} ({size(sums['bytes'])})")
    if sums["undecided"]:
        parts.append(f"{number(sums['undecided'])} undecided")
    head = f"checked {', '.join(parts)} on {plural(total.cores, 'core')} for {target}"
    return f"{head} in {sums['seconds']:.2f} s{_left_out(total)}"


def _left_out(total):
    text = ""
    if total.not_executed == total.outcomes["checked"]:
        text += ", not executed"
    elif total.not_executed:
        text += f", {plural(total.not_executed, 'program')} not executed"
    for outcome, words in (("refused", "refused when recorded"), ("failed", "not checked")):
        if total.outcomes[outcome]:
            text += f", {plural(total.outcomes[outcome], 'program')} {words}"
    return text


def _counts(counts, paint):
    words = {"error": "errors", "warning": "warnings", "advice": "advice"}
    parts = [
        paint(severity, f"{number(n)} {severity if n == 1 else words[severity]}")
        for severity, n in counts.items()
        if n
    ]
    return ", ".join(parts) or "nothing found"


def explanation(kind, paint=None):
    """The rule, an example and the fix of one kind."""
    paint = paint or Paint()
    severity = paint(kind["severity"], kind["severity"])
    lines = [f"{paint('place', kind['id'])} ({severity})", f"  {kind['explanation']}"]
    for title, value in (("example", kind["example"]), ("fix", kind["fix"])):
        if value:
            lines += [f"{title}:", *(f"    {line}" for line in value.split("\n"))]
    return "".join(f"{line}\n" for line in lines)


def listing():
    """All kinds, a line each."""
    width = max(len(id_) for id_ in kinds.known())
    return "".join(
        f"{kind['id']:<{width}}  {kind['severity']:<7}  {kind['explanation']}\n"
        for kind in kinds.known().values()
    )


def number(n):
    """1 234 567"""
    return f"{n:,}".replace(",", " ")


def plural(n, word, ending="s"):
    return f"{number(n)} {word}{'' if n == 1 else ending}"


def size(n):
    """1.2 MB"""
    for unit in ("B", "kB", "MB", "GB"):
        if n < 1000 or unit == "GB":
            break
        n /= 1000
    return f"{n} B" if unit == "B" else f"{n:.1f} {unit}"


def by_id(found):
    """A line for each id: how many findings, and where the first of them are."""
    groups = {}
    for finding in found.findings:
        groups.setdefault((finding.severity, finding.id), []).append(finding)
    for (severity, id_), group in sorted(groups.items(), key=lambda item: _rank(*item[0])):
        places = list(dict.fromkeys(_where(f.file, f.line) for f in group))
        more = f" and {len(places) - 3} more" if len(places) > 3 else ""
        yield f"{number(len(group)):>5} {severity:<7}  {id_}: {', '.join(places[:3])}{more}"


def _rank(severity, id_):
    return findings.SEVERITIES.index(severity), id_
