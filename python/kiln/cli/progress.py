"""The bar of a long execution."""

import sys
import time

from kiln import _core


class ProgressBar:
    """Draws on stderr, if it is a terminal, when an execution takes longer than two seconds."""

    def __enter__(self):
        self.started = None
        self.last = (0, 0)
        self.drawn = False
        if sys.stderr.isatty():
            _core.set_progress(self.update)
        return self

    def __exit__(self, *_):
        _core.set_progress(None)
        self.clear()

    def update(self, done, total):
        now = time.monotonic()
        if self.started is None or (done, total) < self.last and total == self.last[1]:
            self.started = now
        if total != self.last[1]:
            self.started = now
        self.last = (done, total)
        if now - self.started < 2:
            return
        share = min(1.0, done / max(1, total))
        bar = "#" * int(30 * share)
        elapsed = now - self.started
        print(
            f"\r[{bar:<30}] {done}/{total} instructions, {elapsed:.0f} s",
            end="",
            file=sys.stderr,
            flush=True,
        )
        self.drawn = True

    def clear(self):
        if self.drawn:
            print("\r\033[K", end="", file=sys.stderr, flush=True)


class Line:
    """One line on stderr, if it is a terminal, that says how far something is."""

    def __enter__(self):
        self.drawn = False
        return self

    def __exit__(self, *_):
        self.clear()

    def show(self, text):
        if sys.stderr.isatty():
            print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
            self.drawn = True

    def clear(self):
        if self.drawn:
            print("\r\033[K", end="", file=sys.stderr, flush=True)
            self.drawn = False
