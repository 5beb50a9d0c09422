"""Mistakes in kernels: one clear message each, with the kernel's own line."""

import pathlib

import nki
import nki.isa as nisa
import nki.language as nl
import numpy as np
import pytest

A = np.zeros((128, 512), np.float32)


def errors_of(kernel, *arguments):
    """(id, source line, message) of each diagnostic of a call that must fail."""
    with pytest.raises(nisa.NkiValidationError) as caught:
        kernel(*arguments)
    lines = pathlib.Path(__file__).read_text().split("\n")
    found = caught.value.diagnostics
    return [(d["id"], lines[d["line"] - 1].strip(), d["message"]) for d in found]


def only_error(kernel, *arguments):
    found = errors_of(kernel, *arguments)
    assert len(found) == 1, found
    return found[0]


def test_wrong_memory():
    @nki.jit
    def kernel(a):
        out = nl.ndarray(a.shape, dtype=a.dtype, buffer=nl.sbuf)
        nisa.tensor_copy(dst=out, src=a)  # wrong memory
        return out

    kind, line, message = only_error(kernel, A)
    assert kind == "wrong_memory"
    assert line.endswith("# wrong memory")
    assert "src" in message and "hbm" in message and "sbuf" in message


def test_more_than_128_partitions():
    @nki.jit
    def kernel(a):
        tile = nl.ndarray((256, 512), dtype=nl.float32, buffer=nl.sbuf)  # 256
        nisa.memset(dst=tile, value=0)
        return tile

    kind, line, message = only_error(kernel, A)
    assert kind == "partition_count"
    assert line.endswith("# 256")
    assert "256" in message and "128" in message


def test_moving_tile_over_512():
    @nki.jit
    def kernel(a):
        x = nl.load(a[:, 0:128])
        y = nl.ndarray((128, 1024), dtype=nl.float32, buffer=nl.sbuf)
        nisa.memset(dst=y, value=0)
        out = nl.ndarray((128, 1024), dtype=nl.float32, buffer=nl.psum)
        nisa.nc_matmul(dst=out, stationary=x, moving=y)  # too wide
        return out

    found = errors_of(kernel, A)
    assert all(line.endswith("# too wide") for _, line, _ in found)
    kinds = [kind for kind, _, _ in found]
    assert "tile_too_large" in kinds
    assert any("1024" in message and "512" in message for _, _, message in found)


def test_shape_mismatch():
    @nki.jit
    def kernel(a):
        x, y = nl.load(a), nl.load(a[0:64, :])
        nisa.tensor_tensor(dst=x, data1=x, data2=y, op=nl.add)  # 64 against 128
        return x

    kind, line, message = only_error(kernel, A)
    assert kind == "partition_mismatch"
    assert line.endswith("# 64 against 128")
    assert "64" in message and "128" in message


def test_dtype_mismatch():
    @nki.jit
    def kernel(a):
        x = nl.load(a)
        y = nl.ndarray((128, 128), dtype=nl.bfloat16, buffer=nl.sbuf)
        nisa.memset(dst=y, value=0)
        out = nl.ndarray((128, 512), dtype=nl.float32, buffer=nl.psum)
        nisa.nc_matmul(dst=out, stationary=y, moving=x)  # bfloat16 with float32
        return out

    kind, line, _ = only_error(kernel, A)
    assert kind == "dtype_mismatch"
    assert line.endswith("# bfloat16 with float32")


def test_view_out_of_range():
    @nki.jit
    def kernel(a):
        return nl.load(a[0:128, 512:1024])  # out of range

    kind, line, message = only_error(kernel, A)
    assert kind == "view_out_of_range"
    assert line.endswith("# out of range")
    assert "1024" in message and "512" in message and "'a'" in message


def test_several_mistakes_are_reported_together():
    @nki.jit
    def kernel(a):
        x = nl.load(a[0:128, 500:600])
        y = nl.ndarray((300, 4), dtype=nl.float32, buffer=nl.sbuf)
        nisa.tensor_tensor(dst=y, data1=x, data2=x, op=nl.add)
        z = nl.load(a)
        nisa.activation(dst=z, op=nl.add, data=z)
        nisa.memset(z, value=1, colour="red")
        nisa.reciprocal(dst=z)
        return z

    kinds = [kind for kind, _, _ in errors_of(kernel, A)]
    assert kinds == [
        *("view_out_of_range", "partition_count", "bad_argument"),
        *("unknown_argument", "missing_argument"),
    ]


def test_unknown_argument_names_the_nearest():
    @nki.jit
    def kernel(a):
        x = nl.load(a)
        nisa.tensor_scalar(dst=x, data=x, op0=nl.add, operand=1.0)
        return x

    messages = [message for _, _, message in errors_of(kernel, A)]
    assert "did you mean 'operand0'?" in messages[0]


def test_unknown_names_name_the_nearest():
    with pytest.raises(AttributeError, match="'tensor_tenser'; did you mean 'tensor_tensor'"):
        _ = nisa.tensor_tenser
    with pytest.raises(AttributeError, match="did you mean 'bfloat16'"):
        _ = nl.bfloat61


def test_the_kernel_s_own_exception_tells_the_arguments_and_earlier_errors():
    @nki.jit
    def kernel(a):
        nl.load(a[0:128, 512:1024])
        rows, cols, depth = a.shape
        return a

    with pytest.raises(ValueError, match="not enough values") as caught:
        kernel(A)
    notes = "\n".join(caught.value.__notes__)
    assert "argument a: float32 of shape (128, 512)" in notes
    assert "view_out_of_range" in notes


def test_an_array_of_a_type_the_device_does_not_have():
    @nki.jit
    def kernel(a):
        return a

    with pytest.raises(TypeError, match="argument 'a': float64 is no NKI dtype"):
        kernel(np.zeros((4, 4)))


def test_a_tensor_of_another_call_is_refused():
    kept = []

    @nki.jit
    def keep(a):
        kept.append(nl.load(a))
        return a

    @nki.jit
    def use(a):
        nisa.memset(dst=kept[0], value=0)
        return a

    keep(A)
    with pytest.raises(RuntimeError, match="another call"):
        use(A)


def test_an_instruction_outside_a_kernel():
    with pytest.raises(RuntimeError, match="outside a kernel"):
        nisa.memset(None, 0)


def test_too_new_for_the_target(monkeypatch):
    monkeypatch.setenv("NKI_NC_VERSION", "trn1")

    @nki.jit
    def kernel(a):
        x = nl.load(a)
        bound = nl.zeros((128, 1), dtype=nl.float32)
        nisa.range_select(
            dst=x, on_true_tile=x, comp_op0=nl.less, comp_op1=nl.less, bound0=bound, bound1=bound
        )
        return x

    kind, _, message = only_error(kernel, A)
    assert kind == "wrong_generation"
    assert "gen3" in message and "gen2" in message


def test_the_scalar_engine_of_trn3_has_every_operator(monkeypatch):
    @nki.jit
    def kernel(a):
        x = nl.load(a)
        nisa.tensor_scalar(x, x, nl.subtract, 1.0, engine=nisa.engine.scalar)
        out = nl.ndarray(a.shape, dtype=a.dtype, buffer=nl.shared_hbm)
        nisa.dma_copy(dst=out, src=x)
        return out

    kind, _, message = only_error(kernel, A)
    assert kind == "bad_operator"
    assert "op0 is subtract" in message
    monkeypatch.setenv("NKI_NC_VERSION", "gen4")
    np.testing.assert_array_equal(kernel(A), A - 1)
