"""Modules that the NKI Library's test harness imports and that are not public, or are not for a
machine without the device: what it needs of them, made here. None holds a kernel or a test.
"""

import enum
import importlib
import sys
import types

import neuron_dtypes
import nki


def _supply(name, **attributes):
    module = types.ModuleType(name)
    module.__dict__.update(attributes)
    sys.modules[name] = module
    parent, _, child = name.rpartition(".")
    if parent in sys.modules:
        setattr(sys.modules[parent], child, module)
    return module


class _Launcher:
    """A kernel, or a plain function, to be launched on one or two physical cores of a core."""

    def __init__(self, kernel):
        self._kernel = nki.jit(kernel)

    def __getitem__(self, cores):
        return nki.simulate(self._kernel[cores])


def supply():
    """Puts all of them into sys.modules."""
    _supply("test.utils.perf_analysis_private", analyze_trace=lambda **_: None)
    _supply("test.utils.scripts", __path__=[])
    _supply(
        "test.utils.scripts.remote_lock_scripts",
        LockStatus=enum.Enum("LockStatus", "SUCCESS FAILURE"),
        LockResult=type("LockResult", (), {}),
    )
    # Installed, it would be a plugin of every pytest run in this environment.
    _supply("pytest_html", __path__=[])
    _supply("pytest_html.extras", url=lambda *_, **__: None)
    for name in ("neuronxcc", "neuronxcc.nki", "neuronxcc.starfish", "neuronxcc.starfish.support"):
        _supply(name, __path__=[])
    _supply("neuronxcc.nki.typing", mutable_tensor=object, tensor=object)
    _supply("neuronxcc.starfish.support.dtype", static_cast=neuron_dtypes.static_cast)
    _supply_simulator()


def _supply_simulator():
    """The harness's name for the package that runs kernels: Kiln's nki, in another module tree."""
    nki.cpu_simulate = _Launcher
    _supply("nki_cpu_simulator", __path__=[], nki=nki)
    sys.modules["nki_cpu_simulator.nki"] = nki
    for name in ("language", "isa", "isa.constants", "typing", "compiler", "tensor"):
        sys.modules[f"nki_cpu_simulator.nki.{name}"] = importlib.import_module(f"nki.{name}")
    _supply("nki_cpu_simulator.nki.builtin")
    nki.language.dtypes = sys.modules["nki_cpu_simulator.nki.language.dtypes"] = nki.dtype
