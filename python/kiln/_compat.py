"""Which NKI a kernel is written for: what its instructions mean, and which dialect it uses.

"0.3" and "0.6" are releases: some instructions mean something else. "beta2" is the dialect of NKI
0.2 (see kiln.nki._beta2); its instructions mean what they do in 0.3.
"""

import contextlib
import dataclasses
import os
import threading

from kiln import _core

RELEASES = tuple(_core.enum_names["compat"])
BETA2 = "beta2"
NAMES = (*RELEASES, BETA2)
DEFAULT = RELEASES[-1]

# Set by the command line; comes before everything else.
override = None


@dataclasses.dataclass(frozen=True)
class Choice:
    """What a call is recorded as, and who chose it."""

    name: str  # one of NAMES
    source: str  # "--compat", "nki.jit", "KILN_COMPAT", "its code" or "default"

    @property
    def release(self):
        """The index of the release that decides what instructions mean."""
        return RELEASES.index("0.3" if self.name == BETA2 else self.name)

    def __str__(self):
        return f"{self.name} ({self.source})"


def check(name, source):
    """The name, if Kiln knows it; else raises ValueError."""
    if name not in NAMES:
        near = _core.nearest(str(name), list(NAMES))
        hint = f"; did you mean {near!r}?" if near else f"; there are {', '.join(NAMES)}"
        raise ValueError(f"{source}: {name!r} is no NKI that Kiln knows{hint}")
    return name


def choose(fn, declared=None):
    """The Choice for a call of the kernel fn, whose decorator declared this or nothing.

    In order: the command line, the decorator, the environment, the kernel's code, the newest
    release.
    """
    for source, name in (
        ("--compat", override),
        ("nki.jit", declared),
        ("KILN_COMPAT", os.environ.get("KILN_COMPAT")),
    ):
        if name:
            return Choice(check(name, source), source)
    from kiln.nki import _beta2

    if _beta2.is_used_by(fn):
        return Choice(BETA2, "its code")
    return Choice(DEFAULT, "default")


_state = threading.local()


def current():
    """The Choice of the kernel that this thread records; None outside a recording."""
    return getattr(_state, "choice", None)


@contextlib.contextmanager
def recording(choice):
    """While a kernel is recorded: the names that its dialect has everywhere."""
    from kiln.nki import _beta2

    outer = current()
    _state.choice = choice
    try:
        with _beta2.names() if choice.name == BETA2 else contextlib.nullcontext():
            yield
    finally:
        _state.choice = outer


def check_inner(name, declared):
    """Raises ValueError if a kernel that is called from another declares another NKI than it."""
    outer = current()
    if declared and outer and declared != outer.name:
        raise ValueError(
            f"kernel {name} declares compat {declared!r}, but is called from a kernel that is "
            f"recorded as {outer}"
        )


def explain(error):
    """What to say of a NameError that another choice would not have; None for other errors."""
    from kiln.nki import _beta2

    choice = current()
    if not isinstance(error, NameError) or error.name not in _beta2.NAMES or choice is None:
        return None
    return (
        f"{error.name} is a name of NKI beta 2; the kernel is recorded as {choice}: "
        "leave that out, or choose beta2"
    )
