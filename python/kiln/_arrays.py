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


def _to_numpy(value, kind):
    if kind == "numpy":
        return value
    if kind == "jax":
        return np.asarray(value)
    torch = sys.modules["torch"]
    tensor = value.detach()
    if tensor.device.type != "cpu":
        raise TypeError(f"a torch tensor is on {tensor.device}; Kiln takes tensors on the cpu")
    bits = {
        torch.bfloat16: (torch.int16, ml_dtypes.bfloat16),
        torch.float8_e4m3fn: (torch.uint8, ml_dtypes.float8_e4m3fn),
        torch.float8_e5m2: (torch.uint8, ml_dtypes.float8_e5m2),
    }.get(tensor.dtype)
    if bits is None:
        return tensor.numpy()
    return tensor.view(bits[0]).numpy().view(bits[1])


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
        bits = {
            np.dtype(ml_dtypes.bfloat16): (np.int16, torch.bfloat16),
            np.dtype(ml_dtypes.float8_e4m3fn): (np.uint8, torch.float8_e4m3fn),
            np.dtype(ml_dtypes.float8_e5m2): (np.uint8, torch.float8_e5m2),
        }.get(array.dtype)
        if bits is None:
            return torch.from_numpy(array)
        return torch.from_numpy(array.view(bits[0])).view(bits[1])
    if kind == "jax":
        import jax.numpy as jnp

        return jnp.asarray(array)
    return array
