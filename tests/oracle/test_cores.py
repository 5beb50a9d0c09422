"""What two cores do together against their oracles."""

import pytest
from compare import compare_instruction, family


@pytest.mark.parametrize("entry", family("cores"), ids=str)
def test_instruction(entry):
    compare_instruction(entry)
