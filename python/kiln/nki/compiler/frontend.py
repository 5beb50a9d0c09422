"""nki.compiler.frontend: records kernels for a named target.

Kiln has one front end: it calls the kernel. Both names of NKI's mean it.
"""

from kiln import _compat, _run, _target
from kiln.nki import jit


class NKIFrontend:
    """Makes programs of kernels."""

    def compile(self, kernel, inputs, target=None, lnc=None, **_):
        """The kernel's program on each of `lnc` cores, as a list, recorded with these arguments.

        Nothing is executed. Raises NkiValidationError as a call does. Options on where to put
        artifacts do not concern Kiln and are accepted.
        """
        generation = None if target is None else _target.find(target, "target")
        kernel = jit(kernel) if lnc is None else jit(kernel)[lnc]
        choice = _compat.choose(kernel.fn, kernel.compat)
        launch = _run.Launch(kernel, choice, lambda: kernel.bind((), inputs), target=generation)
        return launch.programs


class ParserFrontend(NKIFrontend):
    """The front end that NKI's tools ask for by this name."""
