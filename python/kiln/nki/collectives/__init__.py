"""nki.collectives: data exchange between ranks. Signatures and doc strings come from C++."""

import dataclasses

from kiln import _core
from kiln.nki import _names
from kiln.nki.language import NKIObject


@dataclasses.dataclass(frozen=True)
class ReplicaGroup(NKIObject):
    """Groups of ranks that take part in a collective, each group for itself: [[0, 1], [2, 3]]."""

    groups: list


globals().update({name: getattr(_core.collectives, name) for name in _core.collectives.names})

__all__ = ["ReplicaGroup", *_core.collectives.names]


def __getattr__(name):
    raise _names.unknown("nki.collectives", name, __all__)
