"""Registers and the loops that they bound against their oracles."""

import pytest
from compare import compare_instruction, family


@pytest.mark.parametrize("entry", family("registers"), ids=str)
def test_instruction(entry):
    compare_instruction(entry)
