"""Which functions are checked: the kernel's, and all that it refers to, each once."""

import collections

from kiln import _compat
from kiln.gate import kinds, sources
from kiln.gate.report import Report
from kiln.gate.scopes import Environment
from kiln.gate.walk import Walk


class Checker:
    """One kernel."""

    def __init__(self, kernel, compat=None):
        from kiln.nki import _beta2

        self.report = Report()
        self.kernel = kernel
        self.compat = _compat.choose(kernel, compat).name
        self.is_beta2 = self.compat == _compat.BETA2
        self._dialect = _beta2.NAMES if self.is_beta2 else ()
        self._seen = set()
        self._waiting = collections.deque()

    def run(self):
        """The report on the kernel and its helpers."""
        self._seen.add(self.kernel.__code__)
        self._waiting.append((self.kernel, None))
        while self._waiting:
            self._check(*self._waiting.popleft())
        return self.report

    def reach(self, function, walk):
        """Checks a function that another one refers to, later and once."""
        if function.__code__ not in self._seen:
            self._seen.add(function.__code__)
            self._waiting.append((function, walk))

    def is_new(self, cls):
        """Whether a class is seen for the first time."""
        is_new = cls not in self._seen
        self._seen.add(cls)
        return is_new

    def has_dialect_name(self, name):
        return name in self._dialect

    def _check(self, function, caller):
        try:
            source, node = sources.of_function(function)
        except sources.NoSourceError as error:
            self._unreadable(function, caller, error)
            return
        Walk(self, source, node, Environment(function), caller is None).run()

    def _unreadable(self, function, caller, error):
        code = function.__code__
        place = (code.co_filename, code.co_firstlineno, 1, code.co_firstlineno, 1)
        called = "" if caller is None else f", which {caller.subject} uses,"
        message = f"the source of {function.__name__}{called} cannot be read: {error}"
        self.report.add(kinds.unreadable_source, place, message)
