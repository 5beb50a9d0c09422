"""Findings, collected: dicts with id, severity, message, file, line, column, end_line, end_column
and fix. Columns count characters from 1; end_column is the first one after the place."""

from kiln.gate import kinds


class Report:
    def __init__(self):
        self._found = {}
        self._advised = set()

    def add(self, kind, place, message, fix=None):
        """A finding at a place: (file, line, column, end_line, end_column)."""
        key = (kind.id, *place, message)
        self._found.setdefault(key, _finding(kind, place, message, fix))

    def add_once(self, kind, place, message, subject, fix=None):
        """As add, but only the first of its kind and message for this subject."""
        if (kind.id, message, subject) not in self._advised:
            self._advised.add((kind.id, message, subject))
            self.add(kind, place, message, fix)

    def findings(self):
        """All of them, by file and line."""
        return sorted(self._found.values(), key=lambda f: (f["file"], f["line"], f["column"]))


def _finding(kind, place, message, fix):
    file, line, column, end_line, end_column = place
    return {
        "id": kind.id,
        "severity": kind.severity,
        "message": message,
        "file": file,
        "line": line,
        "column": column,
        "end_line": end_line,
        "end_column": end_column,
        "fix": kind.fix if fix is None else fix,
    }


def unreadable(file, line, message, fix=None):
    """A finding on source that there is not, as a list of it alone."""
    return [_finding(kinds.unreadable_source, (file, line, 1, line, 1), message, fix)]
