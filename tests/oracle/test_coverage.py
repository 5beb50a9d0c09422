"""Every instruction has an oracle, and a comparison notices what is wrong."""

import numpy as np
import pytest
from case import ORACLES, Case, same_bits, same_numbers
from compare import disagreement, draw_case, family
from execute import run, target
from generate import Generator

from kiln import _core

FAMILIES = (
    *("movement", "vector", "scalar", "matrix", "selection", "gpsimd", "registers", "random"),
    "cores",
)
for name in FAMILIES:
    family(name)

# Instructions that are not compared, each with the reason. There are none.
NOT_COMPARED = {}


@pytest.mark.parametrize("name", _core.isa.names)
def test_there_is_an_oracle(name):
    assert name in ORACLES or name in NOT_COMPARED, (
        f"{name} has no oracle: add one to an oracles_….py of tests/oracle"
    )


def test_what_is_not_compared_exists_and_has_no_oracle():
    assert not set(NOT_COMPARED) & set(ORACLES)
    assert set(NOT_COMPARED) <= set(_core.isa.names)


def copy_case():
    g = Generator(np.random.default_rng(1), "gen3")
    src = g.tile((33, 7), "float32", "sbuf", "finite")
    dst = g.tile((33, 7), "float32", "sbuf", "finite", written=True)
    return Case([("tensor_copy", {"dst": dst, "src": src})], [same_bits(dst, src.bits())]), dst


def results_of(case):
    with target("gen3"):
        return run(case)


def test_a_right_result_agrees():
    case, _ = copy_case()
    assert disagreement(case, results_of(case)) is None


def test_one_wrong_bit_is_noticed():
    case, dst = copy_case()
    results = results_of(case)
    dst.flat(results[id(dst.storage)])[dst.index[20, 3]] ^= 1
    assert "at [20, 3]" in disagreement(case, results)


def test_a_write_outside_is_noticed():
    case, dst = copy_case()
    case.expect = [same_bits(dst[0:32], case.calls[0][1]["src"].bits()[0:32])]
    assert "outside of what is written" in disagreement(case, results_of(case))


def test_a_rounding_to_the_wrong_side_is_noticed():
    case, dst = copy_case()
    values = case.calls[0][1]["src"].values()
    case.expect = [same_numbers(dst, np.nextafter(values, np.float32(np.inf)))]
    assert "231 of 231" in disagreement(case, results_of(case))


def test_a_case_can_be_drawn_again():
    assert str(draw_case("tensor_copy", 5)) == str(draw_case("tensor_copy", 5))
