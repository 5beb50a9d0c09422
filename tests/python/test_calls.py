"""Calling kernels: arguments, results, targets, nesting, printing."""

import inspect

import ml_dtypes
import nki
import nki.isa as nisa
import nki.language as nl
import numpy as np
import pytest

import kiln


@nki.jit
def add(a, b):
    out = nl.ndarray(a.shape, dtype=a.dtype, buffer=nl.shared_hbm)
    nl.store(out, value=nl.add(nl.load(a), nl.load(b)))
    return out


@nki.jit
def increment(state, amount=1.0):
    tile = nl.load(state)
    nisa.tensor_scalar(dst=tile, data=tile, op0=nl.add, operand0=amount)
    nl.store(state, value=tile)
    return state


def arrays(shape=(128, 64), dtype=np.float32, seed=3):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((2, *shape)).astype(dtype)


def test_direct_call_and_simulate_give_the_same():
    a, b = arrays()
    np.testing.assert_array_equal(add(a, b), a + b)
    np.testing.assert_array_equal(nki.simulate(add)(a, b=b), a + b)
    np.testing.assert_array_equal(nki.simulate(add.fn)(a, b), a + b)


def test_low_precision_arrays_keep_their_type():
    a, b = arrays(dtype=ml_dtypes.bfloat16)
    result = add(a, b)
    assert result.dtype == ml_dtypes.bfloat16
    np.testing.assert_array_equal(result, a + b)


def test_precise_fp_0_keeps_low_precision_in_float32(monkeypatch, capsys):
    @nki.jit
    def kernel(a):
        tile = nl.load(a)
        nisa.tensor_scalar(dst=tile, data=tile, op0=nl.multiply, operand0=1.001)
        print(tile)
        nl.store(a, value=tile)
        return a

    monkeypatch.setenv("NKI_PRECISE_FP", "0")
    a = np.full((2, 2), 3, ml_dtypes.bfloat16)
    result = kernel(a)
    assert result.dtype == np.float32
    np.testing.assert_array_equal(result, np.float32(3) * np.float32(1.001))
    assert "3.003" in capsys.readouterr().out
    assert a.dtype == ml_dtypes.bfloat16 and (a == ml_dtypes.bfloat16(3.003)).all()


def test_inputs_are_updated_in_place():
    state = np.zeros((4, 8), np.float32)
    result = increment(state, amount=2.5)
    assert (state == 2.5).all()
    assert np.shares_memory(result, state)


def test_a_strided_input_is_updated_too():
    base = np.zeros((8, 4), np.float32)
    increment(base.T)
    assert (base == 1).all()


def test_a_read_only_input_is_not_written():
    state = np.zeros((4, 8), np.float32)
    state.flags.writeable = False
    assert (increment(state) == 1).all()
    assert (state == 0).all()


def test_the_same_array_twice_is_one_tensor():
    a = np.ones((4, 8), np.float32)
    np.testing.assert_array_equal(add(a, a), 2 * a)


def test_structures_of_arguments_and_results():
    @nki.jit
    def swap(pair, options):
        first, second = pair
        return {"first": increment(second, options["by"]), "rest": [first, None, 7]}

    a, b = arrays((4, 8))
    before = b.copy()
    result = swap((a, b), {"by": 1.0})
    np.testing.assert_array_equal(result["first"], before + 1)
    assert result["rest"][1:] == [None, 7]


def test_torch_tensors_give_torch_tensors():
    torch = pytest.importorskip("torch")
    a = torch.randn(16, 32, dtype=torch.bfloat16)
    result = add(a, a)
    assert isinstance(result, torch.Tensor)
    assert torch.equal(result, a + a)


def test_a_kernel_keeps_the_function_s_signature_and_source():
    assert list(inspect.signature(increment).parameters) == ["state", "amount"]
    assert increment.__name__ == "increment"
    assert "def increment" in inspect.getsource(increment)


def test_a_kernel_called_in_a_kernel_is_part_of_it():
    @nki.jit
    def twice(state):
        increment[2](state)
        return increment(state)

    state = np.zeros((4, 8), np.float32)
    twice(state)
    assert (state == 2).all()


def test_grid_programs_share_hbm_and_know_their_index():
    @nki.jit
    def fill():
        out = nl.ndarray((2, 8), dtype=nl.float32, buffer=nl.shared_hbm)
        core = nl.program_id(0)
        tile = nl.full((1, 8), 10 + core, dtype=nl.float32)
        nl.store(out[core : core + 1, :], value=tile)
        assert nl.num_programs() == 2
        assert nl.program_ndim() == 1
        return out

    result = fill[2]()
    assert (result[0] == 10).all()
    assert (result[1] == 11).all()
    assert kiln.provenance()["cores"] == 2


@pytest.mark.parametrize(
    ("name", "expected"), [("trn1", "gen2"), ("trn2", "gen3"), ("trn3", "gen4"), ("gen2", "gen2")]
)
def test_targets_come_from_the_environment(monkeypatch, name, expected):
    @nki.jit
    def kernel(a):
        seen.append(nisa.get_nc_version())
        return a

    seen = []
    monkeypatch.setenv("NEURON_PLATFORM_TARGET_OVERRIDE", name)
    kernel(np.zeros((2, 2), np.float32))
    assert seen == [nisa.nc_version[expected]]
    assert seen[0] >= nisa.nc_version.gen2


def test_nki_nc_version_comes_first(monkeypatch):
    monkeypatch.setenv("NEURON_PLATFORM_TARGET_OVERRIDE", "trn1")
    monkeypatch.setenv("NKI_NC_VERSION", "gen4")
    assert nisa.get_nc_version() == nisa.nc_version.gen4


def test_an_unknown_target_is_an_error(monkeypatch):
    monkeypatch.setenv("NKI_NC_VERSION", "trn9")
    with pytest.raises(ValueError, match="'trn9' is no target; there are trn1 .gen2."):
        add(*arrays())


@pytest.mark.parametrize(
    ("release", "fresh", "scale"), [("0.3", 0, 119), ("0.6", 4, 120), ("", 4, 120)]
)
def test_the_release_decides_what_changed(monkeypatch, release, fresh, scale):
    @nki.jit
    def kernel(a):
        tile = nl.load(a)
        data = nl.ndarray((32, 2), dtype=nl.float8_e4m3fn_x4, buffer=nl.sbuf)
        scales = nl.ndarray((32, 2), dtype=nl.uint8, buffer=nl.sbuf)
        nisa.quantize_mx(dst=data, src=tile, dst_scale=scales)
        out = nl.ndarray((32, 2), dtype=nl.uint8, buffer=nl.shared_hbm)
        nisa.dma_copy(dst=out, src=scales)
        return out

    monkeypatch.setenv("NKI_NC_VERSION", "gen4")
    monkeypatch.setenv("KILN_COMPAT", release)
    scales = kernel(np.ones((32, 8), ml_dtypes.bfloat16))
    assert (scales[:4] == scale).all()
    assert (scales[4:] == fresh).all()


def test_printing_a_tile_shows_its_value_so_far(capsys):
    @nki.jit
    def kernel(a):
        tile = nl.load(a)
        print(tile)
        nisa.tensor_scalar(dst=tile, data=tile, op0=nl.multiply, operand0=2.0)
        nl.device_print("doubled", tile)
        nl.store(a, value=tile)
        return a

    a = np.full((2, 3), 1.5, np.float32)
    result = kernel(a)
    out = capsys.readouterr().out
    assert "float32[2, 3] in sbuf" in out
    assert "1.5" in out and "doubled" in out and "3." in out
    assert (result == 3).all()


def test_provenance_says_what_ran():
    add(*arrays())
    ran = kiln.provenance()
    assert ran["kernel"] == "add"
    assert ran["instructions"] == {"dma_copy": 3, "tensor_tensor": 1}
    assert ran["by_routine"] + ran["by_reference"] == 4
    assert ran["backend"].startswith("cpu ")
    assert len(ran["program_hash"]) == 32


def test_results_do_not_depend_on_the_thread_count(monkeypatch):
    from kiln import _run

    @nki.jit
    def chain(a):
        out = nl.ndarray(a.shape, dtype=a.dtype, buffer=nl.shared_hbm)
        for i in range(a.shape[0] // 128):
            tile = nl.load(a[i * 128 : (i + 1) * 128, :])
            nl.store(out[i * 128 : (i + 1) * 128, :], value=nl.softmax(tile, axis=1))
        return out

    a = np.random.default_rng(5).standard_normal((1024, 500)).astype(np.float32)
    results = []
    for threads in (1, 2, 3, 8):
        monkeypatch.setattr(_run, "threads", threads)
        results.append(chain(a).tobytes())
        assert kiln.provenance()["threads"] == threads
    assert len(set(results)) == 1


def test_dynamic_range_is_recorded_once():
    @nki.jit
    def kernel(a):
        tile = nl.load(a)
        for _ in nl.dynamic_range(5):
            nisa.tensor_scalar(dst=tile, data=tile, op0=nl.add, operand0=1.0)
        nl.store(a, value=tile)
        return a

    a = np.zeros((2, 2), np.float32)
    assert (kernel(a) == 5).all()
    assert kiln.provenance()["instructions"]["tensor_scalar"] == 5


def test_objects_take_any_class_attribute():
    class Sizes(nl.NKIObject):
        rows: int
        cols = 4

        def __post_init__(self):
            self.area = self.rows * self.cols

    assert Sizes(rows=3).area == 12
    assert Sizes(rows=3, cols=5).area == 15
    with pytest.raises(TypeError, match="did you mean 'rows'"):
        Sizes(row=3)


def test_instructions_can_wait_for_others():
    @nki.jit
    def kernel(a):
        x, y = nl.load(a), nl.ndarray(a.shape, dtype=a.dtype, buffer=nl.sbuf)
        first = nisa.memset(x, 1.0)
        second = nisa.memset(y, 2.0)
        third = nisa.tensor_tensor(y, x, y, nl.add)
        assert third.depends_on(second, first) is not None
        out = nl.ndarray(a.shape, dtype=a.dtype, buffer=nl.shared_hbm)
        nisa.dma_copy(dst=out, src=y).depends_on(third)
        return out

    a = np.zeros((4, 8), np.float32)
    np.testing.assert_array_equal(kernel(a), a + 3)
    text = kiln.provenance()["program"].text(False)
    assert "op=add after=[1 2]" in text

    @nki.jit
    def wrong(a):
        x = nl.load(a)
        first = nisa.memset(x, 1.0)
        first.depends_on(nisa.memset(x, 2.0))
        return x

    with pytest.raises(
        nisa.NkiValidationError, match="would wait for memset, which is recorded after"
    ):
        wrong(a)
