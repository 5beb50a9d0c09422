"""Copies, transposes, shuffles and fills against their oracles; what fresh memory holds."""

import nki.isa as nisa
import nki.language as nl
import numpy as np
import pytest
from case import Case, same_numbers
from compare import compare_instruction, disagreement, family
from execute import run, target
from mirror import Storage, View, dtype_of
from storage_types import FLOATS, INTEGERS, TYPES


@pytest.mark.parametrize("entry", family("movement"), ids=str)
def test_instruction(entry):
    compare_instruction(entry)


@pytest.mark.parametrize("type", (*INTEGERS, *FLOATS))
@pytest.mark.parametrize("memory", ["sbuf", "psum", "hbm"])
def test_fresh_memory_shows(type, memory):
    """NaN in floating types, 4 in integers."""
    kind = TYPES[type]
    out = View.whole(Storage("hbm", type, np.zeros((5, 3), kind.bits)))

    def read(out):
        tensor = nl.ndarray((5, 3), dtype=dtype_of(type), buffer=getattr(nl, memory))
        if memory == "psum":
            tensor = nl.copy(tensor)
        nisa.dma_copy(dst=out, src=tensor)

    fresh = np.full((5, 3), np.nan if kind.is_float else 4)
    case = Case([(read, {"out": out})], [same_numbers(out, fresh)])
    with target("gen3"):
        assert disagreement(case, run(case)) is None
