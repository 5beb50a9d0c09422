"""nki: the Neuron Kernel Interface, on Kiln."""

import functools
import inspect
import operator

from kiln import _core, _run
from kiln.nki import _show, collectives, dtype, isa, language, tensor, typing

__all__ = [
    *("Kernel", "collectives", "dtype", "isa", "jit", "language", "simulate", "tensor", "typing"),
]

_show.install()


class Kernel:
    """A kernel: a function of tensors. Called with arrays, it is recorded and executed.

    `kernel[grid]` launches it once for each index of the grid. Called from a kernel that is being
    recorded, its instructions become part of that kernel.
    """

    def __init__(self, fn, grid=()):
        functools.update_wrapper(self, fn)
        self.fn = fn
        self.grid = grid

    def __getitem__(self, grid):
        sizes = grid if isinstance(grid, tuple) else (grid,)
        try:
            sizes = tuple(operator.index(size) for size in sizes)
        except TypeError:
            raise TypeError(f"a launch grid is one or more integers; got {grid!r}") from None
        if not sizes or min(sizes) < 1:
            raise ValueError(f"a launch grid has sizes of 1 or more; got {grid!r}")
        return Kernel(self.fn, sizes)

    def __call__(self, *args, **kwargs):
        if _core.is_recording():
            return self.fn(*args, **kwargs)
        return _run.call_kernel(self.fn, lambda: self.bind(args, kwargs), self.grid)

    def bind(self, args, kwargs):
        bound = inspect.signature(self.fn).bind(*args, **kwargs)
        bound.apply_defaults()
        return bound


def jit(fn=None, **options):
    """Makes a function a kernel. Options of other NKI implementations (mode, platform_target, …)
    do not concern Kiln and are accepted."""
    if fn is None:
        return lambda function: jit(function, **options)
    return fn if isinstance(fn, Kernel) else Kernel(fn)


def simulate(kernel):
    """The kernel, to be called with arrays; a plain function becomes a kernel."""
    return jit(kernel)
