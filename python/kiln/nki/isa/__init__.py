"""nki.isa: the instructions. Signatures and doc strings come from the C++ definitions."""

from kiln import _core, _run, _target
from kiln.nki import _names
from kiln.nki.isa.constants import (
    dge_mode,
    dma_engine,
    engine,
    matmul_perf_mode,
    nc_version,
    oob_mode,
    reduce_cmd,
)

NkiValidationError = _run.NkiValidationError
NkiInstruction = _core.NkiInstruction
VirtualRegister = _core.VirtualRegister

tensor_engine = engine.tensor
vector_engine = engine.vector
scalar_engine = engine.scalar
gpsimd_engine = engine.gpsimd
unknown_engine = engine.unknown

globals().update({name: getattr(_core.isa, name) for name in _core.isa.names})
register_alloc = _core.language.register_alloc


def get_nc_version():
    """The generation that is recorded for."""
    return nc_version[_target.NAMES[_target.index()]]


def get_nc_sub_version():
    """The silicon revision within the generation; 0, the first."""
    return 0


_names.check_functions(globals(), "nisa")

__all__ = [
    *_core.isa.names,
    *(
        "NkiInstruction",
        "NkiValidationError",
        "VirtualRegister",
        "dge_mode",
        "dma_engine",
        "engine",
    ),
    *("get_nc_sub_version", "get_nc_version", "gpsimd_engine", "matmul_perf_mode", "nc_version"),
    *("oob_mode", "reduce_cmd", "register_alloc", "scalar_engine", "tensor_engine"),
    *("unknown_engine", "vector_engine"),
]


def __getattr__(name):
    raise _names.unknown("nki.isa", name, __all__)
