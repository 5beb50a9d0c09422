"""nki: the Neuron Kernel Interface, on Kiln."""

import functools
import inspect
import operator

from kiln import _compat, _core, _run
from kiln.nki import _names, _show, collectives, dtype, isa, language, tensor, typing

__all__ = [
    *("Kernel", "collectives", "dtype", "isa", "jit", "language", "simulate", "tensor", "typing"),
]

_show.install()


class Kernel:
    """A kernel: a function of tensors. Called with arrays, it is recorded and executed.

    `kernel[grid]` launches it once for each index of the grid. Called from a kernel that is being
    recorded, its instructions become part of that kernel.
    """

    def __init__(self, fn, grid=(), compat=None, platform_target=None, checked=False):
        functools.update_wrapper(self, fn)
        self.fn = fn
        self.grid = grid
        self.compat = compat
        self.platform_target = platform_target
        self.checked = checked

    def __getitem__(self, grid):
        sizes = grid if isinstance(grid, tuple) else (grid,)
        try:
            sizes = tuple(operator.index(size) for size in sizes)
        except TypeError:
            raise TypeError(f"a launch grid is one or more integers; got {grid!r}") from None
        if not sizes or min(sizes) < 1:
            raise ValueError(f"a launch grid has sizes of 1 or more; got {grid!r}")
        return Kernel(self.fn, sizes, self.compat, self.platform_target, self.checked)

    def __call__(self, *args, **kwargs):
        if _core.is_recording():
            _compat.check_inner(self.__name__, self.compat)
            return self.fn(*args, **kwargs)
        return _run.call_kernel(self, lambda: self.bind(args, kwargs))

    def bind(self, args, kwargs):
        bound = inspect.signature(self.fn).bind(*args, **kwargs)
        bound.apply_defaults()
        return bound


def jit(fn=None, compat=None, platform_target=None, **options):
    """Makes a function a kernel.

    compat: "0.3", "0.6" or "beta2", the NKI that it is written for. platform_target: its target
    where the environment names none. Options of other NKI implementations (mode, …) do not concern
    Kiln and are accepted.
    """
    _names.refuse_near("nki.jit", options, ["compat", "platform_target"])
    if compat is not None:
        _compat.check(compat, "nki.jit")
    if fn is None:
        return lambda function: jit(function, compat, platform_target)
    if not isinstance(fn, Kernel):
        return Kernel(fn, (), compat, platform_target)
    if compat is None and platform_target is None:
        return fn
    return Kernel(fn.fn, fn.grid, compat or fn.compat, platform_target or fn.platform_target)


def simulate(kernel, compat=None, check=False):
    """The kernel, to be called with arrays; a plain function becomes a kernel.

    compat: the NKI that it is written for, instead of what its decorator says. check: each call is
    executed under observation first, on copies of what it writes; reads of what nobody wrote, races
    and the other errors of `kiln check` are raised, all at once.
    """
    made = jit(kernel, compat=compat)
    return Kernel(made.fn, made.grid, made.compat, made.platform_target, checked=check)


simulate = _names.checked("nki.simulate", simulate)


def __getattr__(name):
    raise _names.unknown("nki", name, __all__)
