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
        run = nki.simulate(self._kernel[cores])

        def simulate(**inputs):
            results = run(**inputs)
            if isinstance(results, (list, tuple)):
                return [_as_on_device(result) for result in results]
            return _as_on_device(results)

        return simulate


def _as_on_device(result):
    """A result of an x4 type so that the harness reads its bytes, as it reads a device's."""
    return _Bytes(result) if neuron_dtypes.is_packed(getattr(result, "dtype", None)) else result


class _Bytes:
    """An array that other types see as its bytes: the harness converts a simulator's outputs to the
    reference's type by value, which x4 types do not have.
    """

    def __init__(self, array):
        self._array = array

    def __array__(self, dtype=None, copy=None):
        return self._array if dtype is None else self._array.view(dtype)


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
