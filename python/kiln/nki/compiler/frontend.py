"""nki.compiler.frontend: records kernels for a named target.

Kiln has one front end: it calls the kernel. Both names of NKI's mean it.
"""

from kiln import _core, _run, _target
from kiln.nki import jit


class NKIFrontend:
    """Makes programs of kernels."""

    def compile(self, kernel, inputs, target=None, lnc=None, **_):
        """The kernel's program on each of `lnc` cores, as a list, recorded with these arguments.

        Nothing is executed. Raises NkiValidationError as a call does. Options on where to put
        artifacts do not concern Kiln and are accepted.
        """
        generation = _target.index() if target is None else _target.find(target, "target")
        kernel = jit(kernel)
        grid = () if lnc is None else (lnc,)
        return [
            _run.record_core(
                _core.Call(kernel.__name__, generation),
                kernel.fn,
                kernel.bind((), inputs),
                _run.Inputs(),
                grid,
                index,
            )[0]
            for index in _run.grid_indices(grid)
        ]


class ParserFrontend(NKIFrontend):
    """The front end that NKI's tools ask for by this name."""
