"""kiln profile and kiln.profile, as a user meets them."""

import json
import pathlib
import signal
import subprocess
import sys

import kiln.nki.isa as nisa
import kiln.nki.language as nl
import numpy as np
import pytest
from kiln.cli import main
from kiln.profiling import NotTimed, as_json, error_bar, page_data, units

import kiln
from kiln import _core, nki, profile_page

KERNELS = """\
import nki
import nki.isa as nisa
import nki.language as nl

@nki.jit
def double(x):
    out = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
    for i in range(x.shape[0] // 128):
        tile = nl.load(x[nl.ds(128 * i, 128), :])
        nisa.tensor_scalar(dst=tile, data=tile, op0=nl.multiply, operand0=2.0)
        nl.store(out[nl.ds(128 * i, 128), :], tile)
    return out

@nki.jit
def twice(x):
    out = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
    for i in range(x.shape[0] // 128):
        tile = nl.load(x[nl.ds(128 * i, 128), :])
        nisa.tensor_tensor(dst=tile, data1=tile, data2=tile, op=nl.add)
        nl.store(out[nl.ds(128 * i, 128), :], tile)
    return out

@nki.jit
def unwritten(x):
    out = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
    tile = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.sbuf)
    nl.store(out, tile)
    return out

@nki.jit
def as_long_as_data_says(x, count):
    out = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
    tile = nl.load(x)
    register = nisa.register_alloc(0)
    nisa.register_load(dst=register, src=count)
    for _ in nl.dynamic_range(register):
        nisa.tensor_scalar(dst=tile, data=tile, op0=nl.add, operand0=1.0)
    nl.store(out, tile)
    return out
"""


@pytest.fixture
def kernels(tmp_path):
    path = tmp_path / "kernels.py"
    path.write_text(KERNELS)
    return path


def run(capsys, *arguments):
    code = main(["profile", *map(str, arguments)])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_the_report_says_what_and_that_it_is_simulated(kernels, capsys):
    code, out, err = run(capsys, f"{kernels}:double", "--arg", "x=rand:256x512")
    assert code == 0, err
    first, *rest = out.splitlines()
    assert first.startswith("double on trn2: ") and "simulated" in first
    text = "\n".join(rest)
    for part in ("vector ", "sync ", "critical path", "bounds", "DMA by size"):
        assert part in text
    assert "kernels.py:9" in text


def test_json_has_the_profilers_names_and_units(kernels, capsys):
    code, out, _ = run(capsys, f"{kernels}:double", "--arg", "x=rand:256x512", "--json")
    assert code == 0
    fields = json.loads(out)["double"]
    assert fields["is_simulation"] is True
    assert 10e-6 < fields["total_time"] < 30e-6
    assert fields["hbm_read_bytes"] == fields["hbm_write_bytes"] == 256 * 512 * 4
    assert 0 < fields["vector_engine_active_time_percent"] < 1
    assert fields["vector_engine_instruction_count"] == 2
    assert fields["dma_transfer_count"] == 4
    assert fields["kiln"]["provenance"]["checker"] == "passed"


def test_costs_of_the_host_are_told_only_when_asked_for(kernels, capsys):
    x = (f"{kernels}:double", "--arg", "x=rand:256x512")
    _, plain, _ = run(capsys, *x)
    _, with_host, _ = run(capsys, *x, "--host")
    assert "host" not in plain and with_host.startswith(plain.rstrip())
    assert "850 us  to dispatch a kernel that is loaded" in with_host
    _, out, _ = run(capsys, *x, "--host", "--json")
    assert json.loads(out)["double"]["kiln"]["host"]["load"] == 1.5


def test_every_golden_program_can_be_timed():
    timed = 0
    for path in sorted((pathlib.Path(__file__).parents[1] / "golden").rglob("*.kiln")):
        try:
            program, diagnostics = _core.parse_program(path.read_text())
        except ValueError:
            continue
        if any(d["severity"] == "error" for d in diagnostics):
            continue
        summary = _core.profile_programs([program], []).summary()
        assert summary["total_ns"] >= summary["prologue_ns"] > 0, path
        timed += 1
    assert timed > 40


def test_several_targets_and_two_versions_stand_side_by_side(kernels, capsys):
    x = ("--arg", "x=rand:256x512")
    code, out, _ = run(capsys, f"{kernels}:double", *x, "--target", "trn1,trn2,trn3")
    assert code == 0 and out.split()[:3] == ["trn1", "trn2", "trn3"]
    code, out, _ = run(capsys, f"{kernels}:double", *x, "--compare", f"{kernels}:twice")
    assert code == 0
    assert out.splitlines()[0].endswith("ratio")
    busy = next(line for line in out.splitlines() if line.startswith("vector busy"))
    # Two inputs take the Vector engine twice as long as one.
    assert busy.endswith("2.00 x")


def test_what_the_checker_refuses_is_not_timed_unless_forced(kernels, capsys):
    x = ("--arg", "x=rand:128x64")
    code, out, err = run(capsys, f"{kernels}:unwritten", *x)
    assert code == 1 and out == ""
    assert "not timed" in err and "kernels.py:27" in err and "--force" in err
    code, out, _ = run(capsys, f"{kernels}:unwritten", *x, "--force")
    assert code == 0 and "WARNING: timed although" in out


def test_loops_that_depend_on_data_are_followed(kernels, capsys):
    arguments = ("--arg", "x=rand:128x64", "--json")
    busy = []
    for name in ("ones", "arange"):  # 1 and 0 iterations
        code, out, err = run(
            capsys,
            f"{kernels}:as_long_as_data_says",
            *arguments,
            "--arg",
            f"count={name}:1x1:int32",
        )
        assert code == 0, err
        fields = json.loads(out)["as_long_as_data_says"]
        assert fields["kiln"]["provenance"]["loops"].startswith("followed")
        busy.append(fields["vector_engine_instruction_count"])
    assert busy == [1, 0]


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["missing.py:f"], "there is no such file"),
        (["{kernels}"], "which kernel?"),
        (["{kernels}:nothing"], "has no kernel 'nothing'"),
        (["{kernels}:double", "--target", "trn9"], "trn9"),
        (["{kernels}:double", "--compare", "{kernels}"], "name a kernel"),
        (["{kernels}:double", "--target", "trn1,trn2", "--html", "x.html"], "one kernel on one"),
        (["{kernels}:double", "--html", "/nowhere/x.html"], "there is no folder"),
        (["{kernels}:double", "--trace", "/nowhere/x.pftrace"], "there is no folder"),
    ],
)
def test_wrong_use_is_told_in_one_line(kernels, capsys, arguments, message):
    arguments = [a.format(kernels=kernels) for a in arguments]
    code, out, err = run(capsys, *arguments, "--arg", "x=rand:128x64")
    assert code == 2 and out == ""
    assert len(err.splitlines()) == 1 and message in err


def test_files_are_written(kernels, capsys, tmp_path):
    page, trace = tmp_path / "p.html", tmp_path / "p.pftrace"
    code, _, err = run(
        capsys,
        f"{kernels}:double",
        "--arg",
        "x=rand:256x512",
        "--html",
        page,
        "--trace",
        trace,
    )
    assert code == 0 and "slices" in err
    assert page.read_text().startswith("<!doctype html>")
    assert trace.stat().st_size > 1000


def test_a_program_is_timed_too(kernels, capsys, tmp_path):
    path = tmp_path / "double.kiln"
    assert main(["text", f"{kernels}:double", "--arg", "x=rand:256x512"]) == 0
    path.write_text(capsys.readouterr().out)
    _, of_kernel, _ = run(capsys, f"{kernels}:double", "--arg", "x=rand:256x512", "--json")
    code, of_program, _ = run(capsys, path, "--arg", "x=rand:256x512", "--json")
    assert code == 0
    kernel, program = json.loads(of_kernel)["double"], json.loads(of_program)["double"]
    assert kernel["total_time"] == program["total_time"]
    code, _, err = run(capsys, path, "--target", "trn1")
    assert code == 2 and "a program is what it is" in err


@nki.jit
def matmul(a, b):
    out = nl.ndarray((128, 512), dtype=nl.float32, buffer=nl.shared_hbm)
    x, y = nl.load(a), nl.load(b)
    product = nl.ndarray((128, 512), dtype=nl.float32, buffer=nl.psum)
    for _ in range(64):
        nisa.nc_matmul(dst=product, stationary=x, moving=y)
    result = nl.ndarray((128, 512), dtype=nl.float32, buffer=nl.sbuf)
    nisa.tensor_copy(dst=result, src=product)
    nl.store(out, result)
    return out


@pytest.fixture(scope="module")
def profile():
    a = np.ones((128, 128), nl.bfloat16)
    return kiln.profile(matmul, a, np.ones((128, 512), nl.bfloat16), target="trn2")


def test_the_tensor_engine_starts_slow(profile):
    steps = profile.steps()
    names = [profile.code[0][i][0] for i in steps["instruction"]]
    took = [
        free - start
        for name, start, free in zip(names, steps["start_ns"], steps["free_ns"], strict=True)
        if name == "nc_matmul"
    ]
    assert took[0] == pytest.approx(2 * took[-1])
    # For one window of 3.4 us.
    slow = sum(ns for ns in took if ns > 1.5 * took[-1])
    assert 3000 < slow < 4200


def test_flops_and_shares(profile):
    s = profile.summary
    assert s["flops"] == 64 * 2 * 128 * 128 * 512
    assert s["mfu"] == pytest.approx(s["flops"] / (s["peak_flops_per_ns"] * s["total_ns"]))
    for engine in s["engines"]:
        assert engine["busy_ns"] + sum(engine["waits_ns"].values()) <= s["total_ns"]
    path = sum(row["ns"] for row in s["critical"])
    assert path == pytest.approx(s["total_ns"] - s["prologue_ns"], rel=0.05)


def test_the_page_takes_the_data(profile):
    data = page_data.data(profile)
    assert profile_page.page(data).count("matmul") > 0
    assert max(data["cores"][0]["dma"]["gbps"]) <= 1.01 * data["cores"][0]["dma"]["peak_gbps"]
    moved = np.sum(data["cores"][0]["dma"]["gbps"]) * profile.summary["total_ns"]
    assert moved / len(data["cores"][0]["dma"]["gbps"]) == pytest.approx(
        profile.summary["dma"]["bytes"], rel=0.01
    )


def test_the_same_call_has_the_same_timeline(profile):
    a = np.ones((128, 128), nl.bfloat16)
    again = kiln.profile(matmul, a, np.ones((128, 512), nl.bfloat16), target="trn2")
    assert again.summary == profile.summary
    assert all(np.array_equal(again.steps()[k], profile.steps()[k]) for k in profile.steps())


def test_not_timed_carries_the_findings():
    @nki.jit
    def unwritten(x):
        out = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
        nl.store(out, nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.sbuf))
        return out

    x = np.ones((128, 64), np.float32)
    with pytest.raises(NotTimed) as caught:
        kiln.profile(unwritten, x)
    assert any(d["id"] == "uninitialised_read" for d in caught.value.diagnostics)
    assert kiln.profile(unwritten, x, force=True).checked == "errors"
    assert kiln.profile(unwritten, x, check=None).checked == "not asked"


def test_every_engine_and_time_is_in_the_summary(profile):
    fields = as_json.summary(profile)["matmul"]
    for engine in ("tensor", "vector", "scalar", "gpsimd", "sync"):
        assert 0 <= fields[f"{engine}_engine_active_time_percent"] <= 1
    assert fields["matmul_instruction_count"] == 64
    assert fields["neuroncore_cycle_count"] == round(profile.summary["total_ns"] * 1.2)


def test_units():
    assert [units.time(ns) for ns in (812, 44_100, 28_200_000, 3e9)] == [
        "812 ns",
        "44.1 us",
        "28.2 ms",
        "3 s",
    ]
    assert units.size(4_194_304) == "4.19 MB"


def test_where_nothing_was_measured_there_is_no_error_bar():
    assert error_bar.of("trn3") is None
    assert "nobody" in error_bar.sentence("trn3", 1000)
    assert error_bar.of("trn2")["low"] < 0.5


def test_control_c_leaves_no_file(kernels, tmp_path):
    page = tmp_path / "p.html"
    command = [sys.executable, "-m", "kiln", "profile", f"{kernels}:double"]
    command += ["--arg", "x=rand:1048576x512", "--no-execute", "--html", str(page)]
    env = {"PYTHONPATH": str(pathlib.Path(kiln.__file__).parents[1]), "PATH": "/usr/bin:/bin"}
    stopped = 0
    for seconds in (0.5, 1.0, 1.5):  # in the middle of one thing or another
        process = subprocess.Popen(
            command,
            env=env,
            stderr=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # Jobs in the background are started with it ignored.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
        try:
            process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)
        process.communicate(timeout=120)
        if process.returncode == 130:
            assert [path.name for path in tmp_path.iterdir()] == ["kernels.py"]
            stopped += 1
        else:
            assert process.returncode == 0  # it was through
            page.unlink()
    assert stopped > 0
