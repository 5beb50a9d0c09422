"""The dialect of NKI beta 2: its names, its arguments, and two whole kernels."""
# ruff: noqa: F821

import builtins

import beta2_kernels
import ml_dtypes
import nki
import nki.isa as nisa
import nki.language as nl
import numpy as np
import pytest
from kiln.nki import _beta2

import kiln

A = np.arange(32, dtype=np.float32).reshape(4, 8)


def chosen():
    return kiln.provenance()["compat"], kiln.provenance()["compat_source"]


def test_tensor_add():
    rng = np.random.default_rng(1)
    a, b = rng.random((2, 128, 512), np.float32)
    assert (beta2_kernels.tensor_add(a, b) == a + b).all()
    assert chosen() == ("beta2", "its code")


def test_flash_attention():
    """Six heads of a transformer's joint attention over 768 tokens, in bfloat16."""
    heads, length, d = 6, 768, 128
    rng = np.random.default_rng(2)
    q, k, v = rng.standard_normal((3, heads, length, d), np.float32).astype(ml_dtypes.bfloat16)
    scale = d**-0.5
    transposed = [np.ascontiguousarray(x.transpose(0, 2, 1)) for x in (q, k)]
    result = beta2_kernels.flash_attention(*transposed, v, scale)
    assert result.dtype == ml_dtypes.bfloat16 and result.shape == (heads, length, d)

    q, k, v = (x.astype(np.float64) for x in (q, k, v))
    scores = np.exp(scale * q @ k.transpose(0, 2, 1))
    expected = scores / scores.sum(-1, keepdims=True) @ v
    got = result.astype(np.float64)
    assert np.abs(got - expected).max() < 0.01 * np.abs(expected).max()
    cosine = (got * expected).sum() / np.linalg.norm(got) / np.linalg.norm(expected)
    assert cosine > 0.9999


def test_arguments_that_changed():
    out, counts = beta2_kernels.old_arguments(A)
    upper = np.triu(A)
    assert (out[:, :8] == upper).all()
    assert (out[:, 8] == upper.sum(1)).all()
    assert (counts == 3).all()


def test_names_exist_in_kernels_only():
    beta2_kernels.tensor_add(A, A)
    assert not any(hasattr(builtins, name) for name in _beta2.NAMES)
    with pytest.raises(RuntimeError, match="sbuf.view can only be called in a kernel"):
        _beta2.NAMES["sbuf"].view(nl.float32, (1, 1))


def test_an_own_name_is_not_the_dialect_s():
    sbuf = nl.sbuf

    @nki.jit
    def kernel(x):
        tile = nl.ndarray(x.shape, x.dtype, buffer=sbuf)
        nisa.dma_copy(dst=tile.view(nl.float32), src=x)
        return tile

    assert (kernel(A) == A).all()
    assert chosen() == ("0.6", "default")


def allocate(x):
    return sbuf.view(x.dtype, x.shape)


def test_a_function_that_the_kernel_calls_makes_it_beta_2():
    @nki.jit
    def kernel(x):
        tile = allocate(x)
        nisa.dma_copy(dst=tile, src=x)
        return tile

    assert (kernel(A) == A).all()
    assert chosen() == ("beta2", "its code")


def test_another_choice_explains_the_missing_name(monkeypatch):
    monkeypatch.setenv("KILN_COMPAT", "0.6")
    with pytest.raises(NameError, match="sbuf") as caught:
        beta2_kernels.tensor_add(A, A)
    notes = "\n".join(caught.value.__notes__)
    assert "sbuf is a name of NKI beta 2; the kernel is recorded as 0.6 (KILN_COMPAT)" in notes


def test_beta_2_by_name():
    @nki.jit(compat="beta2")
    def kernel(x):
        tile = nl.ndarray(x.shape, x.dtype, buffer="sbuf")
        nisa.dma_copy(tile, x)
        return tile

    assert (kernel(A) == A).all()
    assert chosen() == ("beta2", "nki.jit")
    with pytest.raises(Exception, match="'sbuf' .* is no memory"):
        nki.simulate(kernel, compat="0.6")(A)


def test_regions_of_memory():
    @nki.jit
    def kernel(x):
        left = sbuf[0:4, 0:64].view(nl.float32, (4, 8))
        right = sbuf[0:4, 64:128].ptr((4, 32), offset=(0, 32)).view(nl.float32, (4, 8), "right")
        nisa.dma_copy(left, x)
        nisa.tensor_copy(right, left)
        return right

    assert (kernel(A) == A).all()
    storage = kiln.provenance()["program"].text(False)
    assert "(0, 96)" in storage or "96" in storage


@pytest.mark.parametrize(
    ("take", "message"),
    [
        (
            lambda: sbuf[0:32, 0:8].view(nl.float32, (32, 4)),
            "32 partitions of 16 bytes does not fit",
        ),
        (lambda: sbuf[0:200, 0:8], "has 128 here"),
        (lambda: sbuf[0:32], "sliced by partitions and bytes"),
        (lambda: hbm[0:32, 0:8], "hbm has no partitions"),
        (lambda: sbuf.view(nl.float32), "shape"),
    ],
)
def test_wrong_regions_are_told(take, message):
    @nki.jit(compat="beta2")
    def kernel(x):
        take()

    with pytest.raises((TypeError, ValueError, IndexError), match=message):
        kernel(A)


def kernel_of(body):
    """A beta 2 kernel: body(out, x) writes out, an SBUF tile, of x in SBUF."""

    @nki.jit(compat="beta2")
    def kernel(x):
        tile = sbuf.view(x.dtype, x.shape)
        out = sbuf.view(x.dtype, x.shape)
        nisa.dma_copy(dst=tile, src=x)
        body(out, tile)
        return out

    return kernel


def test_dma_reads_psum():
    def body(out, x):
        partial = psum.view(nl.float32, x.shape)
        nisa.tensor_copy(partial, x, dtype=None)
        nisa.dma_copy(dst=out, src=partial)

    assert (kernel_of(body)(A) == A).all()


def test_the_last_axis_was_axis_1():
    def body(out, x):
        nisa.tensor_copy(out, x)
        nisa.tensor_reduce(out[:, 0:4], nl.add, x.reshape((4, 4, 2)), axis=1)

    assert (kernel_of(body)(A)[:, :4] == A.reshape(4, 4, 2).sum(2)).all()


def test_registers_took_imm():
    def body(out, x):
        nisa.tensor_copy(out, x)
        register = nisa.register_alloc(0)
        nisa.register_move(register, imm=2)
        nisa.register_store(out.view(nl.int32)[0:1, 0:1], register)

    assert kernel_of(body)(A).view(np.int32)[0, 0] == 2


def test_a_wrong_argument_of_an_adapted_call():
    def body(out, x):
        nisa.register_move(nisa.register_alloc(0), im=2)

    with pytest.raises(
        TypeError, match="nisa.register_move has no argument 'im'; did you mean 'imm'"
    ):
        kernel_of(body)(A)

    def masked(out, x):
        nisa.memset(out, 0, mask=x)

    with pytest.raises(TypeError, match="'mask' can only be None in NKI beta 2"):
        kernel_of(masked)(A)
