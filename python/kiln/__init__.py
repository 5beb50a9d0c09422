"""Kiln: runs NKI kernels on the machine you have.

`import nki` finds Kiln's package where no other is installed; `kiln.install()` selects it always.
"""

import importlib
import sys

__version__ = "0.1.0"

_NKI_MODULES = (
    *("language", "isa", "isa.constants", "collectives", "typing", "dtype", "tensor"),
    *("compiler", "compiler.frontend"),
)


def install():
    """Makes `import nki` and its submodules mean Kiln's, and returns the package.

    Modules of another nki that are already imported stay as they are for those who hold them.
    """
    package = importlib.import_module("kiln.nki")
    for name in [n for n in sys.modules if n == "nki" or n.startswith("nki.")]:
        del sys.modules[name]
    sys.modules["nki"] = package
    for name in _NKI_MODULES:
        sys.modules[f"nki.{name}"] = importlib.import_module(f"kiln.nki.{name}")
    return package


def run_ranks(kernel, inputs, ranks=None):
    """Runs a kernel on several ranks that exchange data by nki.collectives; see kiln._ranks."""
    from kiln import _ranks

    return _ranks.run_ranks(kernel, inputs, ranks)


def profile(kernel, *args, target=None, check="executed", force=False, **kwargs):
    """The modelled timeline of kernel(*args, **kwargs) on its device: a kiln.profiling.Profile.

    `target` is trn1, trn2 or trn3; else the kernel's own. The kernel is checked first: "executed",
    "recorded" (without executing it) or None. kiln.profiling.NotTimed if it has errors, unless
    `force`.
    """
    from kiln import nki, profiling

    kernel = kernel if hasattr(kernel, "bind") else nki.jit(kernel)
    return profiling.profile_call(
        kernel, lambda: kernel.bind(args, kwargs), target=target, check=check, force=force
    )


def provenance():
    """What really ran in this thread's latest kernel call, as a dict; None before the first.

    Keys: kernel, target, compat (the NKI it was recorded as), compat_source (who chose that),
    backend, cores, threads, instructions (executed, by kind), by_routine, by_reference,
    record_seconds, execute_seconds, memory_bytes, program_hash.
    """
    from kiln import _run

    return _run.latest_provenance()
