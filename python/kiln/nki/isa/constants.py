"""nki.isa.constants: the enums of nki.isa."""

import enum

from kiln import _core
from kiln.nki._names import NamedEnumType


class engine(enum.Enum, metaclass=NamedEnumType):
    """Engines of a NeuronCore."""

    tensor = 1
    vector = 5
    scalar = 2
    gpsimd = 3
    dma = 4
    sync = 6
    unknown = 0


class reduce_cmd(enum.Enum, metaclass=NamedEnumType):
    """What an instruction does with its engine's accumulator registers."""

    idle = 0
    reset = 1
    reduce = 2
    reset_reduce = 3
    load_reduce = 4


class dge_mode(enum.Enum, metaclass=NamedEnumType):
    """Who generates DMA descriptors."""

    unknown = 0
    swdge = 1
    hwdge = 2
    none = 3


class oob_mode(enum.Enum, metaclass=NamedEnumType):
    """What happens to an access out of bounds."""

    error = 0
    skip = 1


class matmul_perf_mode(enum.Enum, metaclass=NamedEnumType):
    """Performance modes of nc_matmul."""

    none = "none"
    double_row = "double_row"


class nc_version(enum.IntEnum, metaclass=NamedEnumType):
    """Generations of NeuronCores."""

    gen2 = 2
    gen3 = 3
    gen4 = 4


class dma_engine(enum.Enum, metaclass=NamedEnumType):
    """DMA engines for sendrecv."""

    dma = 1
    gpsimd_dma = 2


for _enum in (engine, reduce_cmd, dge_mode, oob_mode, matmul_perf_mode, nc_version, dma_engine):
    _core.register_members(
        _enum.__name__, [_enum[name] for name in _core.enum_names[_enum.__name__]]
    )
