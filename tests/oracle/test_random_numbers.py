"""Random numbers against their oracles."""

import pytest
from compare import compare_instruction, family


@pytest.mark.parametrize("entry", family("random"), ids=str)
def test_instruction(entry):
    compare_instruction(entry)
