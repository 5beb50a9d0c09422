"""nki.tensor: the tensor class."""

from kiln import _core

NkiTensor = _core.NkiTensor
