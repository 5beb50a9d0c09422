"""Which NKI a call is recorded as: who chooses it, and what it changes."""

import json

import nki
import nki.isa as nisa
import nki.language as nl
import numpy as np
import pytest
from kiln.api import releases
from test_cli import kiln as command

import kiln

A = np.arange(24, dtype=np.float32).reshape(3, 1, 2, 4)

KERNEL = """\
import nki
import nki.isa as nisa
import nki.language as nl

@nki.jit
def transpose(x):
    out = nl.ndarray((4, 2, 3), dtype=x.dtype, buffer=nl.sbuf)
    nisa.dma_transpose(dst=out, src=x)
    return out

@nki.jit(compat="0.3")
def declared(x):
    return transpose(x)
"""


def transpose(x):
    """Only NKI 0.3 lets dst have fewer axes than src."""
    out = nl.ndarray((4, 2, 3), dtype=x.dtype, buffer=nl.sbuf)
    nisa.dma_transpose(dst=out, src=x)
    return out


def is_0_3(kernel, **environment):
    """Whether the kernel is recorded as NKI 0.3, by what it does."""
    try:
        result = kernel(A)
    except nisa.NkiValidationError as error:
        assert error.diagnostics[0]["id"] == "size_mismatch"
        return False
    assert (result == A.transpose(3, 1, 2, 0)[:, 0]).all()
    return True


def chosen():
    return kiln.provenance()["compat"], kiln.provenance()["compat_source"]


def test_the_newest_release_is_the_default():
    assert not is_0_3(nki.jit(transpose))
    nki.jit(lambda x: nl.load(x[0, 0]))(A)
    assert chosen() == ("0.6", "default")


def test_the_environment_chooses(monkeypatch):
    monkeypatch.setenv("KILN_COMPAT", "0.3")
    assert is_0_3(nki.jit(transpose))
    assert chosen() == ("0.3", "KILN_COMPAT")


def test_the_decorator_comes_before_the_environment(monkeypatch):
    monkeypatch.setenv("KILN_COMPAT", "0.6")
    assert is_0_3(nki.jit(compat="0.3")(transpose))
    assert chosen() == ("0.3", "nki.jit")
    assert is_0_3(nki.simulate(transpose, compat="0.3"))
    assert not is_0_3(nki.simulate(nki.jit(transpose, compat="0.3"), compat="0.6"))


def test_the_command_line_comes_first(tmp_path, monkeypatch):
    path = tmp_path / "kernels.py"
    path.write_text(KERNEL)
    call = ("--arg", "x=arange:3x1x2x4", "--json")
    assert command("run", f"{path}:transpose", *call).returncode == 1
    done = command("run", f"{path}:transpose", *call, "--compat", "0.3")
    assert json.loads(done.stdout)["provenance"]["compat_source"] == "--compat"
    assert command("run", f"{path}:declared", *call).returncode == 0
    assert command("run", f"{path}:declared", *call, "--compat", "0.6").returncode == 1
    monkeypatch.setenv("KILN_COMPAT", "0.3")
    assert "nki      0.3 (KILN_COMPAT)" in command("run", f"{path}:transpose", *call[:2]).stdout


def test_a_program_says_itself_what_its_instructions_mean(tmp_path):
    path = tmp_path / "kernels.py"
    path.write_text(KERNEL)
    call = ("--arg", "x=arange:3x1x2x4")
    text = command("text", f"{path}:transpose", *call, "--compat", "0.3").stdout
    assert "pads_dst=true" in text
    (tmp_path / "t.kiln").write_text(text)
    assert command("run", tmp_path / "t.kiln", *call).returncode == 0
    refused = command("run", tmp_path / "t.kiln", *call, "--compat", "0.6")
    assert refused.returncode == 2 and "a program says itself" in refused.stderr


def test_unknown_names_are_errors(monkeypatch, tmp_path):
    with pytest.raises(ValueError, match=r"nki.jit: 'beta3' is no NKI .*; did you mean 'beta2'\?"):
        nki.jit(compat="beta3")
    with pytest.raises(TypeError, match="has no argument 'compatt'; did you mean 'compat'"):
        nki.jit(compatt="0.3")
    monkeypatch.setenv("KILN_COMPAT", "zero")
    with pytest.raises(
        ValueError, match="KILN_COMPAT: 'zero' is no NKI that Kiln knows; there are"
    ):
        nki.jit(transpose)(A)
    (tmp_path / "k.py").write_text("")
    wrong = command("run", tmp_path / "k.py", "--compat", "1.0")
    assert wrong.returncode == 2 and "--compat: '1.0' is no NKI" in wrong.stderr


def test_an_inner_kernel_is_recorded_like_the_outer_one():
    inner = nki.jit(transpose)
    assert is_0_3(nki.jit(lambda x: inner(x), compat="0.3"))
    declared = nki.jit(transpose, compat="0.3")
    assert is_0_3(nki.jit(lambda x: declared(x), compat="0.3"))
    with pytest.raises(ValueError, match="declares compat '0.3', but is called from a kernel that"):
        nki.jit(lambda x: declared(x))(A)


def test_a_kernel_s_own_target_comes_after_the_environment(monkeypatch):
    kernel = nki.jit(lambda x: nl.load(x[0, 0]), platform_target="trn3")
    kernel(A)
    assert kiln.provenance()["target"] == "trn3"
    monkeypatch.setenv("NKI_NC_VERSION", "gen2")
    kernel(A)
    assert kiln.provenance()["target"] == "trn1"
    monkeypatch.delenv("NKI_NC_VERSION")
    with pytest.raises(ValueError, match="platform_target=….: 'trn9' is no target"):
        nki.jit(transpose, platform_target="trn9")(A)


def test_the_differences_come_from_the_definitions():
    found = {(d["instruction"], d["field"]): d for d in releases.differences()}
    pads = found["dma_transpose", "pads_dst"]
    assert (pads["0.3"], pads["0.6"]) == ("true", "false")
    listed = json.loads(command("api", "--releases", "--json").stdout)
    assert len(listed["by_release"]) == len(found)
    assert "pads_dst" in command("api", "--releases").stdout
