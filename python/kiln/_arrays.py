"""Arrays in and out: NumPy, torch and JAX in, the same kind out, without needless copies."""

import sys

import ml_dtypes
import numpy as np

from kiln import _dtypes


class Argument:
    """An array argument as a C-contiguous NumPy array."""

    def __init__(self, value):
        self.original = value
        self.kind = kind_of(value)
        source = _to_numpy(value, self.kind)
        if source.ndim == 0:
            source = source.reshape(1)
        self.dtype = _dtypes.canonical(source.dtype)
        writable = source.flags.c_contiguous and source.flags.writeable
        self.array = source if writable else np.array(source, order="C", copy=True)
        # A strided array is updated after the call; what cannot be written stays as it is.
        self._target = None if writable or not source.flags.writeable else source

    def write_back(self):
        if self._target is not None:
            self._target[...] = self.array


def kind_of(value):
    """ "numpy", "torch", "jax", or None for what is no array."""
    if isinstance(value, np.ndarray):
        return "numpy"
    module = type(value).__module__.partition(".")[0]
    if module == "torch" and isinstance(value, sys.modules["torch"].Tensor):
        return "torch"
    if module in ("jax", "jaxlib") and hasattr(value, "__array__"):
        return "jax"
    return None


# Types that torch and ml_dtypes have under one name and that pass between them as integers.
_TORCH_BITS = {
    "bfloat16": "int16",
    "float8_e4m3fn": "uint8",
    "float8_e5m2": "uint8",
    "float8_e8m0fnu": "uint8",
}


def _to_numpy(value, kind):
    if kind == "numpy":
        return value
    if kind == "jax":
        return np.asarray(value)
    torch = sys.modules["torch"]
    tensor = value.detach()
    if tensor.device.type != "cpu":
        raise TypeError(f"a torch tensor is on {tensor.device}; Kiln takes tensors on the cpu")
    name = str(tensor.dtype).removeprefix("torch.")
    if name not in _TORCH_BITS:
        return tensor.numpy()
    return tensor.view(getattr(torch, _TORCH_BITS[name])).numpy().view(getattr(ml_dtypes, name))


class _Memory:
    """NumPy's view of memory that C++ owns."""

    def __init__(self, host):
        self._host = host
        self.__array_interface__ = {
            "data": (host.address, False),
            "typestr": "|u1",
            "shape": (host.bytes,),
            "version": 3,
        }


def to_numpy(host):
    """A NumPy array over a HostTensor's memory; keeps it alive."""
    return np.asarray(_Memory(host)).view(np.dtype(host.dtype)).reshape(host.shape)


def to_kind(array, kind):
    """The array as one of this kind; of a type that NumPy does not have, its words."""
    if kind != "numpy" and array.dtype.names:
        array = array[array.dtype.names[0]]
    if kind == "torch":
        torch = sys.modules["torch"]
        name = array.dtype.name
        if name not in _TORCH_BITS:
            return torch.from_numpy(array)
        return torch.from_numpy(array.view(_TORCH_BITS[name])).view(getattr(torch, name))
    if kind == "jax":
        import jax.numpy as jnp

        return jnp.asarray(array)
    return array
