"""nki.language: memories, data types, operators, and the functions built on the instructions."""

import enum

import numpy as np

from kiln import _arrays, _core, _dtypes, _run
from kiln.nki import _names, _show
from kiln.nki.language import _registers
from kiln.nki.language._objects import NKIObject, tile_size


class MemoryRegion(enum.Enum, metaclass=_names.NamedEnumType):
    """Where a tensor lives."""

    sbuf = "sbuf"
    psum = "psum"
    private_hbm = "private_hbm"
    shared_hbm = "shared_hbm"


sbuf = MemoryRegion.sbuf
psum = MemoryRegion.psum
private_hbm = hbm = MemoryRegion.private_hbm
shared_hbm = MemoryRegion.shared_hbm
_core.register_members("buffer", [MemoryRegion[name] for name in _core.enum_names["buffer"]])

globals().update(_dtypes.BY_NAME)
bool_ = _dtypes.BY_NAME["bool"]

NkiTensor = _core.NkiTensor
globals().update({name: getattr(_core.language, name) for name in _core.language.names})


def is_hbm(buffer):
    """Whether the memory is in HBM."""
    return buffer in (private_hbm, shared_hbm)


def is_sbuf(buffer):
    """Whether the memory is SBUF."""
    return buffer is sbuf


def is_psum(buffer):
    """Whether the memory is PSUM."""
    return buffer is psum


def is_on_chip(buffer):
    """Whether the memory is SBUF or PSUM."""
    return buffer in (sbuf, psum)


def ds(start, size):
    """The range of `size` elements from `start`, as an index."""
    return slice(start, start + size)


def static_range(start, stop=None, step=1):
    """Python's range; the loop's body is recorded for each value."""
    return range(0, start, step) if stop is None else range(start, stop, step)


affine_range = sequential_range = static_range
range = range


def dynamic_range(start, stop=None, step=1):
    """A loop whose bounds are known only at run time; the body is recorded once.

    Yields the register that holds the iteration value. Bounds are integers or registers; step is an
    integer of 1 or more. Leaving the body with `break` is an error.
    """
    if stop is None:
        start, stop = 0, start
    counter = _core.language.begin_loop(start, stop, step)
    yield counter
    _core.language.end_loop()


def fori_loop(lower, upper, body_fun, step=1):
    """Records body_fun(register) once, to be executed for each value of [lower, upper)."""
    for counter in dynamic_range(lower, upper, step):
        body_fun(counter)


def while_loop(init, body_fun):
    """Records body_fun(register) once, to be executed while the register is not zero.

    The register that the body returns is the next condition.
    """
    condition = _core.language.begin_while(init)
    _core.language.end_while(condition, body_fun(condition))


def program_id(axis=0):
    """This program's index along an axis of the launch grid; 0 without a grid."""
    _, index = _run.program_grid()
    return index[axis] if index else 0


def num_programs(axes=None):
    """How many programs the launch grid has along one axis, several, or all of them."""
    grid, _ = _run.program_grid()
    if not grid:
        return 1
    if axes is None:
        axes = range(len(grid))
    chosen = axes if isinstance(axes, (list, tuple, range)) else (axes,)
    return int(np.prod([grid[axis] for axis in chosen]))


def program_ndim():
    """How many axes the launch grid has; 0 without a grid."""
    return len(_run.program_grid()[0])


def shared_constant(constant):
    """A tensor in shared HBM with this content: an array, or the path of a .npy file."""
    array = np.load(constant) if isinstance(constant, (str, bytes)) else constant
    argument = _arrays.Argument(np.asarray(array))
    return _core.language.constant(
        argument.array.tobytes(), list(argument.array.shape), argument.dtype
    )


def device_print(print_prefix, tensor):
    """Prints the tensor's value now, after the prefix."""
    print(f"{print_prefix} {_show.describe(tensor)}\n{_show.value(tensor)}")


class no_reorder:
    """A block whose instructions keep their order; on Kiln they always do. It has no loop that runs
    on the device: dynamic_range, fori_loop, while_loop, while register.
    """

    def __enter__(self):
        _core.language.keep_order(True)
        return self

    def __exit__(self, *_):
        _core.language.keep_order(False)
        return False


_names.install([NkiTensor, _core.VirtualRegister])
_registers.install()
_names.check_functions(globals(), "nl")

__all__ = sorted({n for n in globals() if not n.startswith("_")} - {"enum", "np"})


def __getattr__(name):
    raise _names.unknown("nki.language", name, __all__)
