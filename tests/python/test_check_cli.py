"""kiln check, as a user meets it: with a checker that finds what it is told to, and with the real
one."""

import json
import os
import pathlib
import signal
import subprocess
import sys

import fake_checker
import pytest
from kiln.cli import main

from kiln import _compat, _core, _run, _target

# Of a build that has the checker; the fake stands for it everywhere else.
real = pytest.mark.skipif(
    not hasattr(_core, "diagnostic_kinds"), reason="this build has no checker"
)

KERNELS = """\
import nki
import nki.isa as nisa
import nki.language as nl

@nki.jit
def double(x, factor=2.0):
    out = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
    tile = nl.load(x)  # finds double uninitialised_read error reads 128 bytes
    nl.store(out, value=tile)  # finds double dead_store warning nothing reads it
    return out  # language double

@nki.jit
def clean(x):
    return nl.load(x)

@nki.jit
def advised(x):
    return nl.load(x)  # finds advised small_dma advice rows of 4 bytes

@nki.jit
def wrong(x):
    return nl.load(x[0:999, :])

@nki.jit
def raises(x):
    rows, columns = x.shape
    return nl.load(x)

@nki.jit
def not_on_trn1(x):
    print("recording")
    tile = nl.load(x)
    if nisa.get_nc_version() == nisa.nc_version.gen2:
        nl.load(x[0:999, :])
    return tile

if __name__ == "__main__":
    import sys
    import numpy as np
    print("in the script")
    for rows in range(1, 1 + int(sys.argv[1])):
        double(np.ones((rows % 2 + 1, 2), np.float32))
    if sys.argv[2:] == ["wrong"]:
        wrong(np.ones((2, 2), np.float32))
    if sys.argv[2:] == ["trn1"]:
        not_on_trn1(np.ones((2, 2), np.float32))
    if sys.argv[2:] == ["raise"]:
        raise ValueError("of the script")
    sys.exit(3 if sys.argv[2:] == ["exit"] else 0)
"""


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "kernels.py"
    path.write_text(KERNELS)
    return path


@pytest.fixture
def check(file, monkeypatch, capsys):
    """Runs kiln check with the fake checker; gives (exit code, stdout, stderr)."""
    fake_checker.install(monkeypatch)
    monkeypatch.setattr(_target, "override", None)
    monkeypatch.setattr(_compat, "override", None)
    monkeypatch.setattr(sys, "argv", sys.argv)
    monkeypatch.setattr(sys, "path", list(sys.path))

    def run(*arguments):
        sys.modules.pop("kernels", None)
        code = main(["check", *map(str, arguments)])
        return code, *capsys.readouterr()

    yield run
    assert _run.watch is None
    assert not list(file.parent.glob("*.part"))


X = ("--arg", "x=zeros:4x2")


def test_findings_stand_with_their_lines_and_a_summary(check):
    code, out, err = check("kernels.py:double", *X)
    assert code == 1
    assert out.splitlines() == [
        "kernels.py:8: error: reads 128 bytes [uninitialised_read]",
        "    8 |     tile = nl.load(x)  # finds double uninitialised_read error reads 128 bytes",
        "    seen 2 times",
        "    note: kernels.py:1: see the first line",
        "        1 | import nki",
        "    fix: write the tile first",
        "",
        "kernels.py:9: warning: nothing reads it [dead_store]",
        "    9 |     nl.store(out, value=tile)  # finds double dead_store warning nothing reads it",
        "    seen 2 times",
        "    note: kernels.py:1: see the first line",
        "        1 | import nki",
        "    fix: leave the instruction out",
        "",
        "kernels.py:10:5: warning: the compiler does not read this [unsupported_construct]",
        "   10 |     return out  # language double",
        "      |     ^^^^^^^^^^",
        "    fix: write it plainly",
        "",
        "checked 2 instructions, 5 678 accesses (1.2 MB), 3 undecided on 1 core for trn2 "
        "in 0.25 s: 1 error, 2 warnings",
    ]
    assert err == ""


def test_nothing_found_says_what_was_checked(check):
    code, out, _ = check("kernels.py:clean", *X, "--grid", "2", "--target", "trn3")
    assert code == 0
    assert out == (
        "checked 2 instructions, 5 678 accesses (1.2 MB), 3 undecided on 2 cores for trn3 in "
        "0.25 s: nothing found\n"
    )


def test_without_execution(check):
    code, out, _ = check("kernels.py:clean", *X, "--no-execute")
    assert code == 0
    assert "accesses" not in out
    assert "in 0.25 s, not executed: nothing found" in out


def test_the_language_alone_needs_no_arguments(check):
    code, out, _ = check("kernels.py", "--language-only")
    assert code == 0
    assert "kernels.py:10:5: warning: the compiler does not read this" in out
    assert "checked the language of 6 kernels, nothing else: 1 warning" in out
    _, out, _ = check("kernels.py:clean", "--language-only", "--json")
    (checked,) = json.loads(out)["checked"]
    assert checked["target"] is None
    assert checked["kernels"] == ["clean"]


def test_advice_can_be_left_out(check):
    code, out, _ = check("kernels.py:advised", *X)
    assert code == 0
    assert "advice: rows of 4 bytes [small_dma]" in out
    assert out.endswith(": 1 advice\n")
    _, out, _ = check("kernels.py:advised", *X, "--no-advice")
    assert "small_dma" not in out
    assert out.endswith(": nothing found\n")


def test_several_targets_at_once(check):
    code, out, _ = check("kernels.py:not_on_trn1", *X, "--target", "trn1,gen3,trn1", "--json")
    assert code == 1
    result = json.loads(out)
    assert result["targets"] == ["trn1", "trn2"]
    assert [f["id"] for f in result["findings"]] == ["view_out_of_range", "partition_count"]
    assert all(f["targets"] == ["trn1"] for f in result["findings"])
    _, out, _ = check("kernels.py:not_on_trn1", *X, "--target", "trn1,trn2")
    assert "[view_out_of_range] (trn1 only)" in out
    assert "checked nothing but the recording, for trn1: 2 errors" in out
    assert "on 1 core for trn2 in 0.25 s: nothing found" in out
    assert _target.override is None


def test_what_recording_finds_is_told(check):
    code, out, _ = check("kernels.py:wrong", *X)
    assert code == 1
    assert "kernels.py:22: error: index: 'x' of shape (4, 2)" in out
    assert "return nl.load(x[0:999, :])" in out


def test_a_kernels_exception_is_a_finding_at_its_line(check):
    code, out, _ = check("kernels.py:raises", "--arg", "x=zeros:2x2x2")
    assert code == 1
    assert "kernels.py:26: error: ValueError: too many values to unpack" in out
    assert "[kernel_exception]" in out
    assert "    argument x: float32 of shape (2, 2, 2)" in out


def test_a_script_has_each_distinct_program_checked_once(check):
    code, out, err = check("kernels.py", "5")
    assert code == 1
    assert out.startswith("in the script\n")
    assert "seen 4 times" in out
    assert "checked 5 calls (2 programs), 4 instructions, 11 356 accesses" in out
    assert err == ""


def test_a_script_that_stops_is_told_too(check):
    code, out, err = check("kernels.py", "1", "wrong")
    assert code == 1
    assert "kernels.py:22: error: index: 'x' of shape (2, 2)" in out
    assert "1 program refused when recorded" in out
    assert err == "kiln: the script stopped at the errors of a kernel (wrong: 2 errors)\n"
    code, out, err = check("kernels.py", "1", "raise")
    assert code == 1
    assert "ValueError: of the script" in err
    assert "checked 2 instructions" in out
    assert check("kernels.py", "1", "exit")[0] == 1


def test_a_scripts_own_options_stand_behind_two_dashes(check):
    pathlib.Path("own.py").write_text("import sys\nprint(sys.argv[1:])\n")
    _, out, _ = check("own.py", "--", "--fast", "2")
    assert out.startswith("['--fast', '2']\n")


def test_a_scripts_calls_are_checked_for_all_targets(check):
    code, out, _ = check("kernels.py", "0", "trn1", "--target", "trn2,trn1")
    assert code == 1
    assert out.count("recording\n") == 1
    assert "[view_out_of_range] (trn1 only)" in out


def test_a_script_that_calls_no_kernel_is_no_clean_script(check):
    code, _, err = check("kernels.py", "0")
    assert code == 2
    assert "kernels.py calls no kernel, so nothing was checked" in err


def test_a_check_that_fails_is_an_error(check, monkeypatch):
    monkeypatch.setenv("FAKE_CHECK_RAISES", "broken")
    code, out, _ = check("kernels.py", "1")
    assert code == 1
    assert "RuntimeError: broken" in out


def test_a_program(check, file):
    _, program, _ = (main(["text", "kernels.py:double", *X]), *_output(check))
    pathlib.Path("double.kiln").write_text(program)
    code, out, _ = check("double.kiln", *X)
    assert code == 1
    assert "kernels.py:8: error: reads 128 bytes [uninitialised_read]" in out
    code, out, _ = check("double.kiln", "--no-execute")
    assert code == 1
    assert "not executed: 1 error" in out
    code, _, err = check("double.kiln")
    assert code == 2
    assert "the program needs --arg x=" in err


def _output(check):
    capsys = next(c for c in check.__closure__ if hasattr(c.cell_contents, "readouterr"))
    return capsys.cell_contents.readouterr()


def test_a_damaged_program(check):
    pathlib.Path("bad.kiln").write_text("kiln 1\ntarget gen3\nmemset dst=%0 value=1\n")
    code, _, err = check("bad.kiln")
    assert code == 2
    assert "line 3: storage %0 is not declared" in err


def test_memory_in_the_terminal_and_as_a_drawing(check):
    code, out, _ = check("kernels.py:clean", *X, "--memory")
    assert code == 0
    assert "memory of clean on core 0 for trn2\npeak 4096 B, " in out
    _, out, _ = check("kernels.py:clean", *X, "--memory", "m.svg")
    assert "for trn2, drawn in m.svg" in out
    assert pathlib.Path("m.svg").read_text() == "<svg><!-- core 0 --></svg>\n"
    check("kernels.py:clean", *X, "--memory", "g.svg", "--grid", "2", "--json")
    assert sorted(p.name for p in pathlib.Path().glob("g*")) == ["g-0.svg", "g-1.svg"]
    _, out, _ = check("kernels.py:wrong", *X, "--memory", "w.svg")
    assert "no memory to show" in out
    assert not pathlib.Path("w.svg").exists()


def test_json(check):
    code, out, err = check("kernels.py", "2", "--json")
    assert code == 1
    assert err == "in the script\n"
    result = json.loads(out)
    assert list(result) == [
        *("version", "kiln", "targets", "summary", "findings", "checked", "memory"),
    ]
    assert result["version"] == 1
    assert result["summary"] == {"error": 1, "warning": 2, "advice": 0}
    read, _, language = result["findings"]
    assert read == {
        "id": "uninitialised_read",
        "severity": "error",
        "message": "reads 128 bytes",
        "file": "kernels.py",
        "line": 8,
        "column": None,
        "end_line": None,
        "end_column": None,
        "count": 4,
        "targets": ["trn2"],
        "kernels": ["double"],
        "notes": [{"message": "see the first line", "file": "kernels.py", "line": 1}],
        "explanation": "a tile is written before it is read",
        "suggestion": "write the tile first",
    }
    assert (language["column"], language["end_line"], language["end_column"]) == (5, 10, 15)
    assert language["suggestion"] == "write it plainly"
    (checked,) = result["checked"]
    assert checked["programs"] == checked["calls"] == 2
    assert checked["accesses"] == 2 * 5678
    assert checked["found"] == result["summary"]
    assert [m["report"]["peak_bytes"] for m in result["memory"]] == [4096, 4096]


def test_sarif(check, tmp_path):
    code, out, _ = check("kernels.py:double", *X, "--sarif", "out.sarif")
    assert code == 1
    assert "1 error, 2 warnings" in out
    (run,) = json.loads(pathlib.Path("out.sarif").read_text())["runs"]
    assert [result["level"] for result in run["results"]] == ["error", "warning", "warning"]
    assert oct(pathlib.Path("out.sarif").stat().st_mode)[-3:] == "644"


def test_explain(check):
    code, out, _ = check("--explain", "dead_store")
    assert code == 0
    assert out == (
        "dead_store (warning)\n  what is written is read\nexample:\n"
        "    nisa.memset(dst=t, value=0)  # t is never read\nfix:\n    leave the instruction out\n"
    )
    code, out, _ = check("--explain")
    assert [line.split()[0] for line in out.splitlines()] == [
        *("dead_store", "kernel_exception", "output_unwritten", "small_dma", "uninitialised_read"),
    ]
    assert json.loads(check("--explain", "dead_store", "--json")[1])["severity"] == "warning"
    assert len(json.loads(check("--explain", "--json")[1])) == 5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "which file?"),
        (["missing.py"], "missing.py: there is no such file"),
        (["kernels.py:dubble"], "no kernel 'dubble'; did you mean double?"),
        (["kernels.py:double"], "missing a required argument: 'x'"),
        (["kernels.py:double", "--arg", "x=rand:4y4"], "is no value"),
        (["kernels.py:double", *X, "--target", "trn2,trn9"], "'trn9' is no target"),
        (["kernels.py:double", *X, "--target", "trn2,"], "'' is no target"),
        (["kernels.py:double", *X, "--compat", "beta3"], "did you mean 'beta2'?"),
        (["kernels.py:double", "word", *X], "ARG is for a script"),
        (["kernels.py", "1", *X], "--arg needs a kernel: FILE.py:kernel"),
        (["kernels.py", "1", "--grid", "2"], "--grid needs a kernel"),
        (["program.kiln", "--target", "trn2"], "--target is for kernels"),
        (["program.kiln", "--compat", "0.3"], "--compat is for kernels"),
        (["program.kiln", "--language-only"], "--language-only is for kernels"),
        (["kernels.py:double", *X, "--language-only"], "--arg does nothing with --language-only"),
        (["--memory", "kernels.py:double", *X], "which file?"),
        (["kernels.py:double", *X, "--memory", "m.png"], "a drawing is FILE.svg"),
        (["kernels.py:double", *X, "--memory", "no/m.svg"], "there is no folder no"),
        (["kernels.py:double", *X, "--sarif", "no/o.sarif"], "there is no folder no"),
        (["kernels.py:double", *X, "--sarif", "."], "that is a folder"),
        (["--explain", "dead_stoer"], "there is no such id; did you mean dead_store?"),
        (["--explain", "zzzzzzzz"], "kiln check --explain lists them"),
    ],
)
def test_wrong_use_is_one_message_and_exit_code_2(check, file, arguments, message):
    code, out, err = check(*arguments)
    assert code == 2
    assert message in err
    assert "Traceback" not in err
    assert out == ""
    assert os.listdir(file.parent) in (["kernels.py"], ["__pycache__", "kernels.py"])


def test_a_file_without_kernels_is_wrong_use(check):
    pathlib.Path("other.py").write_text("from kernels import double\n")
    code, _, err = check("other.py", "--language-only")
    assert code == 2
    assert "other.py defines no kernel" in err


def test_an_unwritable_result_leaves_the_old_one(check, monkeypatch):
    pathlib.Path("out.sarif").write_text("old")
    monkeypatch.setattr(os, "replace", _no_space)
    code, out, err = check("kernels.py:clean", *X, "--sarif", "out.sarif")
    assert code == 2
    assert "nothing found" in out
    assert "--sarif out.sarif: No space left on device" in err
    assert pathlib.Path("out.sarif").read_text() == "old"


def _no_space(*_):
    raise OSError(28, "No space left on device")


def test_ctrl_c_writes_nothing(file):
    waiting = 'import time; print("started", flush=True); time.sleep(60)'
    file.write_text(file.read_text().replace('print("in the script")', waiting))
    process = subprocess.Popen(
        [sys.executable, fake_checker.__file__, "check", "kernels.py", "1", "--sarif", "o.sarif"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # What runs the tests may itself ignore the signal.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert process.stdout.readline() == "started\n"
    process.send_signal(signal.SIGINT)
    try:
        out, err = process.communicate(timeout=10)
    finally:
        process.kill()
    assert process.returncode == 130
    assert err == "kiln: interrupted\n"
    assert out == ""
    assert not pathlib.Path("o.sarif").exists()


MISTAKES = """\
import nki
import nki.isa as nisa
import nki.language as nl

@nki.jit
def fresh(x):
    out = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
    tile = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.sbuf)
    nisa.dma_copy(dst=out, src=tile)
    return out

@nki.jit
def unwritten(x):
    out = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
    tile = nl.load(x)
    return out

@nki.jit
def right(x):
    out = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
    tile = nl.load(x)
    nisa.tensor_scalar(dst=tile, data=tile, op0=nl.multiply, operand0=2.0)
    nl.store(out, value=tile)
    return out

if __name__ == "__main__":
    import kiln
    import numpy as np

    x = np.ones((128, 512), np.float32)
    assert (right(x) == 2).all() and (x == 1).all()
    assert kiln.provenance()["kernel"] == "right"
"""


def kiln(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "kiln", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
    )


@real
@pytest.mark.parametrize(
    ("kernel", "id_", "line"), [("fresh", "uninitialised_read", 9), ("unwritten", None, None)]
)
def test_real_mistakes(tmp_path, kernel, id_, line):
    path = tmp_path / "mistakes.py"
    path.write_text(MISTAKES)
    done = kiln("check", f"{path}:{kernel}", "--arg", "x=rand:128x512", "--json")
    assert done.returncode == 1, done.stderr
    errors = [f for f in json.loads(done.stdout)["findings"] if f["severity"] == "error"]
    assert (id_ or "output_unwritten") in [f["id"] for f in errors]
    if line:
        assert line in [f["line"] for f in errors if f["id"] == id_]
    for finding in errors:
        assert finding["explanation"] and finding["suggestion"]


@real
def test_a_real_script_without_mistakes(tmp_path):
    path = tmp_path / "mistakes.py"
    path.write_text(MISTAKES)
    done = kiln("check", path, "--json", "--target", "trn2,trn3")
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads(done.stdout)
    assert result["summary"]["error"] == 0
    assert result["targets"] == ["trn2", "trn3"]
    for checked in result["checked"]:
        assert checked["accesses"] > 0 and checked["bytes"] >= 128 * 512 * 4
        assert checked["not_executed"] == 0


@real
def test_every_real_kind_can_be_explained():
    done = kiln("check", "--explain", "--json")
    assert done.returncode == 0, done.stderr
    for kind in json.loads(done.stdout):
        assert kind["explanation"] and kind["example"] and kind["fix"], kind["id"]
