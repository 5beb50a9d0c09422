"""How tensors look when they are printed or seen in a debugger."""

from kiln import _arrays, _core


def value(tensor):
    """The tensor's value now, as a NumPy array."""
    return _arrays.to_numpy(_core.look(tensor))


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
