"""nl's functions against their oracles; and that each function of nl has one."""

import nki.language as nl
import pytest
from compare import compare_case, repetitions
from oracles_language import FUNCTIONS

from kiln import _core

# Not compared by value: what makes or names something, and operators that are tokens only.
NOT_COMPARED = {
    "ndarray": "its contents are undefined",
    "empty_like": "its contents are undefined",
    "store": "every comparison stores its result",
    "constant": "what shared_constant calls",
    "bypass": "a token of instructions",
    "prelu": "a token of instructions",
    "average": "a token of instructions",
    "divide": "no engine has it",
    "fmod": "no engine has it",
    "mod": "no engine has it",
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_function(name):
    if not hasattr(nl, name):
        pytest.skip(f"there is no nl.{name}")
    draw, targets = FUNCTIONS[name]
    for number in range(repetitions(30)):
        compare_case(f"nl.{name}", lambda g: draw(g, name), targets, number)


@pytest.mark.parametrize("name", _core.language.names)
def test_there_is_an_oracle(name):
    assert name in FUNCTIONS or name in NOT_COMPARED, (
        f"nl.{name} has no oracle: add one to oracles_language.py"
    )
