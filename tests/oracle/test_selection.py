"""Selections, searches and statistics against their oracles."""

import oracles_selection  # noqa: F401
import pytest
from compare import ORACLES, compare_instruction, missing

FAMILY = [entry for entry in ORACLES.values() if entry.family == "selection"]


@pytest.mark.parametrize("entry", FAMILY, ids=lambda entry: entry.name)
def test_instruction(entry):
    if missing(entry.name):
        pytest.skip(f"no {entry.name}")
    compare_instruction(entry)
