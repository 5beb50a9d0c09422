"""The command line, as a user meets it."""

import json
import pathlib
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

TESTS = pathlib.Path(__file__).parent.parent

KERNEL = """\
import nki
import nki.isa as nisa
import nki.language as nl

@nki.jit
def double(x, factor=2.0):
    out = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
    tile = nl.load(x)
    nisa.tensor_scalar(dst=tile, data=tile, op0=nl.multiply, operand0=factor)
    nl.store(out, value=tile)
    return out

@nki.jit
def wrong(x):
    return nl.load(x[0:999, :])

@nki.jit
def forever(x):
    tile = nl.load(x)
    one = nl.ndarray((1, 1), dtype=nl.int32, buffer=nl.sbuf)
    nisa.memset(dst=one, value=1)
    go = nisa.register_alloc(1)
    def body(r):
        nisa.tensor_scalar(dst=tile, data=tile, op0=nl.multiply, operand0=1.0)
        return r
    nl.while_loop(go, body)
    return tile

if __name__ == "__main__":
    import sys
    import numpy as np
    print(double(np.ones((2, 2), np.float32)).sum(), sys.argv[1:])
"""


@pytest.fixture
def script(tmp_path):
    path = tmp_path / "kernels.py"
    path.write_text(KERNEL)
    return path


def kiln(*arguments, **options):
    return subprocess.run(
        [sys.executable, "-m", "kiln", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        **options,
    )


def test_run_a_script_as_python_would(script):
    done = kiln("run", script, "one", "two")
    assert done.returncode == 0
    assert done.stdout == "8.0 ['one', 'two']\n"
    assert "ran double for trn2 on cpu" in done.stderr


def test_run_one_kernel_and_save_its_output(script, tmp_path):
    np.save(tmp_path / "x.npy", np.full((4, 4), 1.5, np.float32))
    done = kiln(
        *("run", f"{script}:double", "--arg", f"x={tmp_path / 'x.npy'}", "--arg", "factor=3"),
        *("--out", tmp_path / "out", "--json", "--target", "trn3"),
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["provenance"]["target"] == "trn3"
    assert result["provenance"]["instructions"] == {"dma_copy": 2, "tensor_scalar": 1}
    saved = np.load(result["outputs"]["output"]["file"])
    assert (saved == 4.5).all()
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["output.npy"]


def test_text_can_be_run_and_gives_the_same(script, tmp_path):
    text = kiln("text", f"{script}:double", "--arg", "x=rand:4x4").stdout
    (tmp_path / "double.kiln").write_text(text)
    program = kiln("run", tmp_path / "double.kiln", "--arg", "x=rand:4x4", "--json")
    kernel = kiln("run", f"{script}:double", "--arg", "x=rand:4x4", "--json")
    a, b = json.loads(program.stdout), json.loads(kernel.stdout)
    assert a["outputs"]["output0"] == b["outputs"]["output"]
    assert a["provenance"]["program_hash"] == b["provenance"]["program_hash"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "missing.py"], "missing.py: there is no such file"),
        (["run", "{script}:dubble"], "no kernel 'dubble'; did you mean double?"),
        (["run", "{script}:double"], "missing a required argument: 'x'"),
        (["run", "{script}:double", "--arg", "x=rand:4y4"], "is no value"),
        (["run", "{script}:double", "--arg", "x=rand:4x4:bfloat61"], "did you mean bfloat16?"),
        (["run", "{script}:double", "--arg", "x=none.npy"], "none.npy: there is no such file"),
        (["run", "{script}:double", "--arg", "y=1", "--arg", "x=1"], "unexpected keyword"),
        (["run", "{script}", "--target", "trn9"], "'trn9' is no target"),
        (["run", "{script}", "--threads", "-1"], "--threads is 0 or more"),
        (["text", "{script}"], "which kernel?"),
        (["ls", "trn9"], "'trn9' is no target"),
    ],
)
def test_wrong_use_is_one_message_and_exit_code_2(script, arguments, message):
    done = kiln(*(a.format(script=script) for a in arguments))
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_kernel_s_errors_are_told_with_its_line(script, tmp_path):
    done = kiln("run", f"{script}:wrong", "--arg", "x=rand:4x4", "--out", tmp_path / "out")
    assert done.returncode == 1
    assert "kernels.py:15: error: index: 'x' of shape (4, 4)" in done.stderr
    assert "return nl.load(x[0:999, :])" in done.stderr
    assert not (tmp_path / "out").exists()


def test_an_array_of_the_wrong_rank(script):
    done = kiln("run", f"{script}:double", "--arg", "x=rand:4x4x4x4x4x4x4x4x4")
    assert done.returncode == 1
    assert "1 to 8 dimensions" in done.stderr


def test_a_damaged_program_is_told_with_its_line(tmp_path):
    path = tmp_path / "bad.kiln"
    path.write_text("kiln 1\ntarget gen3\nmemset dst=%0 value=1\n")
    done = kiln("run", path)
    assert done.returncode == 2
    assert "line 3: storage %0 is not declared" in done.stderr


def test_ctrl_c_stops_an_execution(script, tmp_path):
    arguments = ["run", f"{script}:forever", "--arg", "x=rand:4x4", "--out", str(tmp_path / "o")]
    process = subprocess.Popen(
        [sys.executable, "-m", "kiln", *arguments],
        stderr=subprocess.PIPE,
        text=True,
        # What runs the tests may itself ignore the signal.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    time.sleep(2)
    process.send_signal(signal.SIGINT)
    try:
        _, err = process.communicate(timeout=10)
    finally:
        process.kill()
    assert process.returncode == 130
    assert "interrupted" in err
    assert not (tmp_path / "o").exists()


def test_ls_prints_figures_with_sources():
    machines = json.loads(kiln("ls", "--json").stdout)
    assert [m["instance"] for m in machines] == ["trn1", "trn2", "trn3"]
    facts = {f["name"]: f for f in machines[1]["facts"]}
    assert facts["sbuf_bytes_per_partition"]["value"] == "229376"
    assert all(f["source"] for m in machines for f in m["facts"])
