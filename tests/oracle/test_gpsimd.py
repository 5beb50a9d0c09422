"""Patterns, gathers and searches of the GpSimd engine against their oracles."""

import pytest
from compare import compare_instruction, family


@pytest.mark.parametrize("entry", family("gpsimd"), ids=str)
def test_instruction(entry):
    compare_instruction(entry)
