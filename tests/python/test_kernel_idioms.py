"""What production kernels do beyond the documentation's letter."""

import dataclasses

import nki
import nki.isa as nisa
import nki.language as nl
import numpy as np
import pytest


def test_a_pattern_beyond_the_tensor_is_an_error_only_when_used():
    @nki.jit
    def strided_columns(a, rounds):
        tile = nl.load(a)
        out = nl.ndarray((4, 3, 2), nl.float32, nl.shared_hbm)
        for i in range(rounds):
            columns = tile.ap([[6, 4], [3, 2]], offset=i)
            if i < 3:
                nisa.dma_copy(dst=out[:, i, :], src=columns)
        return out

    a = np.arange(24, dtype=np.float32).reshape(4, 6)
    np.testing.assert_array_equal(strided_columns(a, 4), a.reshape(4, 2, 3).swapaxes(1, 2))


@pytest.mark.parametrize("use", ["instruction", "view", "result", "look"])
def test_every_use_of_a_pattern_beyond_the_tensor_is_told_where_it_was_made(use):
    @nki.jit
    def kernel(a):
        tile = nl.load(a)
        beyond = tile.ap([[6, 4], [3, 2]], offset=4)
        if use == "instruction":
            nisa.memset(beyond, 0.0)
        elif use == "view":
            nisa.memset(beyond[:, 0:1].reshape((4, 1, 1)), 0.0)
        elif use == "look":
            str(beyond)
        return beyond if use == "result" else a

    a = np.zeros((4, 6), np.float32)
    with pytest.raises(nisa.NkiValidationError) as caught:
        kernel(a)
    assert len(caught.value.diagnostics) == 1
    assert "reaches from element 4 to 7 of a row" in caught.value.diagnostics[0]["message"]
    assert caught.value.diagnostics[0]["line"] == kernel.fn.__code__.co_firstlineno + 3


def test_a_core_may_be_left_with_no_rows():
    @nki.jit
    def doubled(a):
        out = nl.ndarray(a.shape, a.dtype, nl.shared_hbm)
        per_core = a.shape[0] // nl.num_programs(0)
        first = nl.program_id(0) * per_core
        count = a.shape[0] - first if nl.program_id(0) == nl.num_programs(0) - 1 else per_core
        rows, results = a[nl.ds(first, count)], out[first : first + count]
        for i in range(rows.shape[0]):
            nl.store(results[i : i + 1], nl.multiply(nl.load(rows[i : i + 1]), 2.0))
        return out

    a = np.arange(8, dtype=np.float32)
    np.testing.assert_array_equal(doubled[2](a.reshape(1, 8)), 2 * a.reshape(1, 8))
    np.testing.assert_array_equal(doubled[2](a.reshape(2, 4)), 2 * a.reshape(2, 4))


@pytest.mark.parametrize("dim", [1, 2])
def test_a_runtime_index_goes_along_any_dimension_of_its_stride(dim):
    @nki.jit
    def kernel(a, which):
        groups = a.reshape((4, 3, 1, 5))
        row = nl.ndarray((4, 5), a.dtype)
        pattern = [[15, 4], [1, 5]]
        nisa.dma_copy(
            dst=row, src=groups.ap(pattern, scalar_offset=nl.load(which), indirect_dim=dim)
        )
        out = nl.ndarray((4, 5), a.dtype, nl.shared_hbm)
        nl.store(out, row)
        return out

    a = np.arange(60, dtype=np.float32).reshape(4, 15)
    np.testing.assert_array_equal(kernel(a, np.array([[2]], np.int32)), a[:, 10:])
    with pytest.raises(RuntimeError, match="index of 'a' is 3; the dimension has 3 elements"):
        kernel(a, np.array([[3]], np.int32))


@pytest.mark.parametrize(
    ("index", "shape"),
    [
        (np.s_[0:0], "(0, 6)"),
        (np.s_[4:4, 1:3], "(0, 2)"),
        (np.s_[:, 3:3], "(4, 0)"),
    ],
)
def test_a_view_without_elements_is_an_error_only_when_used(index, shape):
    @nki.jit
    def kernel(a, uses):
        tile = nl.load(a)
        none = tile[index]
        assert str(none.shape) == shape
        for _ in range(uses):
            nisa.memset(none.reshape((1, 1)), 0.0)
        return a

    a = np.zeros((4, 6), np.float32)
    kernel(a, 0)
    with pytest.raises(nisa.NkiValidationError) as caught:
        kernel(a, 1)
    assert len(caught.value.diagnostics) == 1
    assert f"no elements: its shape is {shape}" in caught.value.diagnostics[0]["message"]
    assert caught.value.diagnostics[0]["line"] == kernel.fn.__code__.co_firstlineno + 3


def test_arguments_that_nothing_depends_on_are_accepted():
    @nki.jit
    def kernel(a):
        tile = nl.load(a)
        nisa.scalar_tensor_tensor(
            dst=tile, data=tile, op0=nl.multiply, operand0=2.0, op1=nl.add, operand1=tile,
            dtype=nl.bfloat16,
        )  # fmt: skip
        copy = nl.ndarray(a.shape, a.dtype)
        nisa.tensor_copy(dst=copy, src=tile, dtype=nl.float32)
        nl.store(a, copy)
        return a

    np.testing.assert_array_equal(
        kernel(np.full((2, 4), 1.001, np.float32)), np.float32(3) * np.float32(1.001)
    )


@pytest.mark.parametrize("mode", [3, nisa.dge_mode.none])
def test_an_enums_value_stands_for_its_member(mode):
    @nki.jit
    def kernel(a):
        nisa.dma_copy(dst=a[0:1], src=a[1:2], dge_mode=mode)
        return a

    assert kernel(np.array([[1.0], [2.0]], np.float32))[0] == 2
    with pytest.raises(nisa.NkiValidationError, match="dge_mode"):
        nki.jit(lambda a: nisa.dma_copy(dst=a, src=a, dge_mode=7))(np.zeros(4, np.float32))


def test_an_nki_objects_missing_fields_are_none():
    @dataclasses.dataclass
    class Sizes(nl.NKIObject):
        rows: int
        columns: int
        depth: int = 3

    @dataclasses.dataclass(frozen=True)
    class Square(nl.NKIObject):
        rows: int

        @property
        def area(self):
            return self.rows * self.rows

    sizes = Sizes(rows=4)
    assert (sizes.rows, sizes.columns, sizes.depth) == (4, None, 3)
    assert Square(5).area == 25
    with pytest.raises(TypeError, match="did you mean 'rows'"):
        Sizes(row=4)


def test_names_that_kernels_use_beyond_the_documented_ones():
    assert list(nl.range(1, 7, 2)) == [1, 3, 5]
    assert nl.bool == nl.bool_ == np.dtype(bool)
    assert nisa.constants.dge_mode is nisa.dge_mode

    @nki.jit
    def kernel(a):
        tile = nl.ndarray(a.shape, a.dtype, name=None, address=None)
        nisa.dma_copy(dst=tile, src=a)
        assert tile != None and not tile == None  # noqa: E711, SIM201
        assert bool(tile) and tile in [tile]
        assert tile[0:1, 0:2].base_tensor.shape == tile.shape
        nisa.tensor_scalar(dst=tile, data=tile, op0=nl.add, operand0=1.0, op1=None, operand1=None)
        nisa.dma_copy(dst=a, src=tile)
        return a

    np.testing.assert_array_equal(kernel(np.zeros((2, 4), np.float32)), 1)


@pytest.mark.parametrize("release", ["0.3", "0.6"])
def test_equal_values_find_one_occurrence_after_another(release):
    """How kernels list the rows that belong to one token: in every release."""

    @nki.jit(compat=release)
    def kernel(a):
        tokens = nl.load(a)
        wanted = nl.ndarray((4, 8), nl.uint32)
        nisa.iota(dst=wanted, pattern=[[0, 8]], offset=0, channel_multiplier=1)
        rows = nl.ndarray((4, 8), nl.uint32)
        nisa.nc_find_index8(dst=rows, data=tokens, vals=wanted)
        out = nl.ndarray(rows.shape, rows.dtype, nl.shared_hbm)
        nisa.dma_copy(dst=out, src=rows)
        return out

    tokens = np.random.default_rng(5).permutation(np.arange(12, dtype=np.float32) // 3)
    rows = kernel(np.tile(tokens, (4, 1)))
    for token in range(4):
        np.testing.assert_array_equal(rows[token, :3], np.flatnonzero(tokens == token))
