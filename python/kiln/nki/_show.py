"""How tensors look when they are printed or seen in a debugger."""

from kiln import _arrays, _core, _dtypes


def value(tensor):
    """The tensor's value now, as a NumPy array; of an x4 type, its elements."""
    array = _arrays.to_numpy(_core.look(tensor))
    return _dtypes.unpack(array) if _dtypes.is_packed(tensor.dtype) else array


def describe(tensor):
    """ "'name' bfloat16[128, 512] in sbuf"."""
    name = f"{tensor.name!r} " if tensor.name else ""
    sizes = ", ".join(str(size) for size in tensor.shape)
    return f"{name}{tensor.dtype}[{sizes}] in {tensor.buffer.name}"


def show(tensor):
    try:
        head = describe(tensor)
    except RuntimeError as error:
        return f"<NkiTensor: {error}>"
    try:
        return f"{head}\n{value(tensor)}"
    except RuntimeError as error:
        return f"{head} <{error}>"


def install():
    _core.NkiTensor.__repr__ = show
    _core.NkiTensor.__str__ = show
