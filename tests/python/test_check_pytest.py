"""pytest --kiln-check, as the author of a test suite meets it."""

import json
import os
import pathlib
import re
import subprocess
import sys

import pytest

from kiln import _core

KERNELS = """\
import nki
import nki.isa as nisa
import nki.language as nl

@nki.jit
def double(x):
    out = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
    tile = nl.load(x)  # finds double uninitialised_read error reads 128 bytes
    nisa.tensor_scalar(dst=tile, data=tile, op0=nl.multiply, operand0=2.0)
    nl.store(out, value=tile)  # finds double small_dma advice rows of 4 bytes
    return out

@nki.jit
def clean(x):
    print("recorded clean")
    return nl.load(x)  # finds clean dead_store warning nothing reads it

@nki.jit
def wrong(x):
    return nl.load(x[0:999, :])
"""

HEAD = """\
import kiln
import numpy as np
import pytest
from kernels import clean, double, wrong

x = np.ones((2, 2), np.float32)
"""


@pytest.fixture
def suite(tmp_path):
    """Runs a test suite; gives (exit code, output, tests by outcome)."""
    (tmp_path / "kernels.py").write_text(KERNELS)

    def run(tests, *options, plugins=("kiln.pytest_plugin", "fake_checker"), **environment):
        (tmp_path / "test_suite.py").write_text(HEAD + tests)
        path = [str(pathlib.Path(__file__).parent), *sys.path]
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-rA", "-p", "no:cacheprovider"]
            + [word for plugin in plugins for word in ("-p", plugin)]
            + list(map(str, options)),
            capture_output=True,
            text=True,
            timeout=120,
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(path)} | environment,
        )
        pattern = r"^(PASSED|FAILED|ERROR|XFAIL|SKIPPED) test_suite.py::(\w+)"
        outcomes = {name: o.lower() for o, name in re.findall(pattern, done.stdout, re.M)}
        return done.returncode, done.stdout + done.stderr, outcomes

    return run


def test_a_test_whose_kernels_have_errors_fails(suite):
    code, out, outcomes = suite(
        "def test_double(): assert (double(x) == 2).all()\n"
        "def test_clean(): assert (clean(x) == 1).all()\n"
        "def test_no_kernel(): pass\n",
        "--kiln-check",
    )
    assert code == 1
    assert outcomes == {"test_double": "failed", "test_clean": "passed", "test_no_kernel": "passed"}
    assert "kiln check found 1 error in the kernels of this test" in out
    assert "kernels.py:8: error: reads 128 bytes [uninitialised_read]" in out
    assert "fix: write the tile first" in out
    assert "Traceback" not in out
    section = out[out.index("= kiln check =") :]
    assert "checked 2 calls (2 programs), " in section
    assert "2 accesses" not in section and "11 356 accesses (2.5 MB)" in section
    assert "1 error    uninitialised_read: kernels.py:8\n" in section
    assert "1 warning  dead_store: kernels.py:16\n" in section
    assert "1 advice   small_dma: kernels.py:10\n" in section


def test_without_the_option_nothing_is_checked(suite):
    code, out, outcomes = suite("def test_double(): double(x)\n")
    assert code == 0
    assert outcomes == {"test_double": "passed"}
    assert "kiln check" not in out


def test_what_tests_see_stays_the_same(suite):
    code, out, _ = suite(
        "def test_it(capsys):\n"
        "    before = kiln.provenance()\n"
        "    clean(x)\n"
        "    assert capsys.readouterr().out == 'recorded clean\\n'\n"
        "    assert before is None and kiln.provenance()['kernel'] == 'clean'\n",
        "--kiln-check",
    )
    assert code == 0, out


def test_a_call_that_raises_is_the_tests_own_matter(suite):
    code, out, outcomes = suite(
        "from nki.isa import NkiValidationError\n"
        "def test_expected():\n"
        "    with pytest.raises(NkiValidationError): wrong(x)\n"
        "def test_unexpected(): wrong(x)\n",
        "--kiln-check",
    )
    assert code == 1
    assert outcomes == {"test_expected": "passed", "test_unexpected": "failed"}
    assert "checked nothing but the recording, for trn2: nothing found" in out


def test_each_distinct_program_is_checked_once_and_fails_each_test_that_runs_it(suite):
    tests = (
        "def test_a(): double(x); double(x); double(x + 1)\n"
        "def test_b(): double(x)\n"
        "def test_c(): double(np.ones((4, 2), np.float32))\n"
    )
    code, out, outcomes = suite(tests, "--kiln-check")
    assert set(outcomes.values()) == {"failed"}
    assert "checked 5 calls (2 programs)" in out
    _, out, _ = suite(tests, "--kiln-check", "--kiln-check-every-call")
    assert "checked 5 calls (5 programs)" in out


def test_fixtures_count_for_the_test_that_sets_them_up(suite):
    _, _, outcomes = suite(
        "@pytest.fixture\n"
        "def doubled(): return double(x)\n"
        "@pytest.fixture\n"
        "def later():\n"
        "    yield\n"
        "    double(x)\n"
        "def test_a(doubled): pass\n"
        "def test_b(): pass\n"
        "def test_c(later): pass\n",
        "--kiln-check",
    )
    assert outcomes == {"test_a": "failed", "test_b": "passed", "test_c": "error"}


def test_kernels_of_a_skipped_test_do_not_fail_the_next(suite):
    code, _, outcomes = suite(
        "@pytest.fixture\n"
        "def skips():\n"
        "    double(x)\n"
        "    pytest.skip('here')\n"
        "def test_a(skips): pass\n"
        "def test_b(): pass\n",
        "--kiln-check",
    )
    assert outcomes["test_b"] == "passed"
    assert code == 0


def test_marks_and_expected_failures(suite):
    code, out, outcomes = suite(
        "@pytest.mark.no_kiln_check\n"
        "def test_unchecked(): double(x)\n"
        "@pytest.mark.no_kiln_check('uninitialised_read')\n"
        "def test_this_id(): double(x)\n"
        "@pytest.mark.no_kiln_check('output_unwritten')\n"
        "def test_another_id(): double(x)\n"
        "@pytest.mark.xfail(strict=True)\n"
        "def test_expected(): double(x)\n",
        "--kiln-check",
        "--strict-markers",
    )
    assert code == 1
    assert outcomes == {
        "test_unchecked": "passed",
        "test_this_id": "passed",
        "test_another_id": "failed",
        "test_expected": "xfail",
    }
    assert "checked 3 calls (1 program)" in out


def test_a_failing_test_keeps_its_own_reason(suite):
    _, out, outcomes = suite("def test_a(): double(x); assert False, 'mine'\n", "--kiln-check")
    assert outcomes == {"test_a": "failed"}
    assert "AssertionError: mine" in out
    assert "Captured kiln check call" in out
    assert "reads 128 bytes [uninitialised_read]" in out


def test_a_check_that_fails_is_told_and_changes_no_result(suite):
    code, out, outcomes = suite(
        "def test_a(): clean(x)\n", "--kiln-check", FAKE_CHECK_RAISES="broken"
    )
    assert code == 0
    assert outcomes == {"test_a": "passed"}
    assert "not checked: clean for trn2: RuntimeError: broken" in out


def test_json(suite, tmp_path):
    tests = "def test_a(): double(x)\ndef test_b(): clean(x); double(x)\n"
    suite(tests, "--kiln-check", "--kiln-check-json", "found.json")
    found = json.loads((tmp_path / "found.json").read_text())
    assert found["version"] == 1
    assert found["summary"] == {"error": 1, "warning": 1, "advice": 1}
    assert found["checked"][0]["calls"] == 3
    assert found["checked"][0]["programs"] == 2
    error = {"id": "uninitialised_read", "file": "kernels.py", "line": 8}
    assert found["tests"] == {"test_suite.py::test_a": [error], "test_suite.py::test_b": [error]}
    assert found["not_checked"] == []


def test_workers_of_xdist_report_to_the_controller(suite, tmp_path):
    pytest.importorskip("xdist")
    tests = "".join(f"def test_{i}(): double(x) if {i} % 2 else clean(x)\n" for i in range(8))
    options = ("--kiln-check", "--kiln-check-json", "found.json")
    code, out, outcomes = suite(tests, *options, "-n", "2")
    assert code == 1
    assert outcomes == {f"test_{i}": "failed" if i % 2 else "passed" for i in range(8)}
    assert "checked 8 calls (2 programs)" in out
    assert out.count("= kiln check =") == 1
    shared = json.loads((tmp_path / "found.json").read_text())
    suite(tests, *options)
    alone = json.loads((tmp_path / "found.json").read_text())
    assert shared["tests"] == alone["tests"]
    assert shared["findings"] == alone["findings"]
    assert shared["checked"] == alone["checked"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--kiln-check-json", "found.json"], "--kiln-check-json needs --kiln-check"),
        (["--kiln-check-every-call"], "--kiln-check-every-call needs --kiln-check"),
        (["--kiln-check", "--kiln-check-json", "no/found.json"], "there is no folder no"),
    ],
)
def test_wrong_use(suite, options, message):
    code, out, outcomes = suite("def test_a(): pass\n", *options)
    assert code == 4
    assert message in out
    assert not outcomes


@pytest.mark.skipif(not hasattr(_core, "diagnostic_kinds"), reason="this build has no checker")
def test_real_mistakes(suite):
    code, out, outcomes = suite(
        "import nki, nki.isa as nisa, nki.language as nl\n"
        "@nki.jit\n"
        "def fresh(x):\n"
        "    out = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)\n"
        "    tile = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.sbuf)\n"
        "    nisa.dma_copy(dst=out, src=tile)\n"
        "    return out\n"
        "def test_fresh(): fresh(x)\n"
        "def test_double(): assert (double(x) == 2).all() and (x == 1).all()\n",
        "--kiln-check",
        plugins=("kiln.pytest_plugin",),
    )
    assert code == 1
    assert outcomes == {"test_fresh": "failed", "test_double": "passed"}, out
    assert "[uninitialised_read]" in out
