"""What each id of a finding means: severity, the rule behind it, an example, the usual fix."""

import dataclasses
import functools

from kiln import _core

# Not of the registry: what Python raises in a kernel is no rule of the checker.
KERNEL_EXCEPTION = {
    "id": "kernel_exception",
    "severity": "error",
    "explanation": "a kernel that raises an exception has no program",
    "example": "rows, columns = x.shape  # x is (2, 128, 512)",
    "fix": "make the kernel's own Python code run with these arguments",
}


@functools.cache
def known():
    """{id: its dict}, in the order of ids."""
    from kiln import gate

    language = [dataclasses.asdict(kind) for kind in gate.ALL]
    # An id that both have is one rule, seen before or while recording.
    listed = {k["id"]: k for k in [KERNEL_EXCEPTION, *language, *_core.diagnostic_kinds()]}
    return dict(sorted(listed.items()))


def of(id_):
    """The kind's dict; of an id that is in no registry, one that says nothing."""
    return known().get(id_) or {
        "id": id_,
        "severity": "error",
        "explanation": "",
        "example": "",
        "fix": "",
    }
