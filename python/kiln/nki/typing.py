"""nki.typing: names for annotations of kernels."""

from kiln import _core
from kiln.nki import _names


class _Annotation:
    """Stands for a tensor in annotations: tensor, tensor[nl.float32, (128, 512)]."""

    def __init__(self, name):
        self._name = name

    def __getitem__(self, item):
        return self

    def __repr__(self):
        return f"nki.typing.{self._name}"


tensor = _Annotation("tensor")
mutable_tensor = _Annotation("mutable_tensor")
NkiTensor = _core.NkiTensor


def __getattr__(name):
    raise _names.unknown("nki.typing", name, ["tensor", "mutable_tensor", "NkiTensor"])
