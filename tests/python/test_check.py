"""Checks of real calls: what is executed stays as it was, and what is found does not depend on how
it is executed."""

import nki
import nki.isa as nisa
import nki.language as nl
import numpy as np
import pytest

from kiln import _check, _core, _run

X = np.arange(128 * 64, dtype=np.float32).reshape(128, 64)


@nki.jit
def doubled_in_place(x):
    tile = nl.load(x)
    nisa.tensor_scalar(dst=tile, data=tile, op0=nl.multiply, operand0=2.0)
    nl.store(x, tile)
    return x


@nki.jit
def unwritten_rows(x):
    tile = nl.ndarray((128, 64), x.dtype, buffer=nl.sbuf)
    nisa.dma_copy(dst=tile[0:96], src=x[0:96])
    out = nl.ndarray((128, 64), x.dtype, buffer=nl.shared_hbm)
    nisa.dma_copy(dst=out, src=tile)
    return out


@nki.jit
def rows_by_number(x, which):
    """Only with its values is it known what this reads."""
    numbers = nl.load(which)
    tile = nl.ndarray((1, 64), x.dtype, buffer=nl.sbuf)
    nisa.dma_copy(dst=tile, src=x.ap([[64, 1], [1, 64]], scalar_offset=numbers))
    out = nl.ndarray((1, 64), x.dtype, buffer=nl.shared_hbm)
    nisa.dma_copy(dst=out, src=tile)
    return out


def check(kernel, *arguments, execute=True):
    return _check.check_call(kernel, lambda: kernel.bind(arguments, {}), execute=execute)


def ids(result):
    return [d["id"] for d in result.diagnostics]


def test_inputs_stay_as_they_are():
    x = X.copy()
    result = check(doubled_in_place, x)
    assert not result.diagnostics
    np.testing.assert_array_equal(x, X)
    assert result.checked["executed"]
    assert result.checked["instructions"] == 3
    assert result.checked["accesses"] == 6
    assert result.checked["bytes"] == 6 * X.nbytes


def test_without_execution_runtime_addresses_are_undecided():
    which = np.array([[3]], np.int32)
    assert check(rows_by_number, X, which).checked["undecided"] == 0
    gate = check(rows_by_number, X, which, execute=False)
    assert gate.checked["undecided"] == 1
    assert not gate.checked["executed"]


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_findings_do_not_depend_on_threads(threads, monkeypatch):
    monkeypatch.setattr(_run, "threads", threads)
    assert ids(check(unwritten_rows, X)) == ["unread_input", "uninitialised_read"]


def test_the_gate_warns_of_what_execution_decides():
    assert ids(check(unwritten_rows, X, execute=False)) == ["unread_input", "unwritten_operand"]


def test_simulate_checks_by_option():
    assert nki.simulate(unwritten_rows)(X).shape == X.shape
    with pytest.raises(_run.NkiValidationError, match="uninitialised_read") as caught:
        nki.simulate(unwritten_rows, check=True)(X)
    assert caught.value.diagnostics[-1]["line"] == unwritten_rows.fn.__code__.co_firstlineno + 5
    x = X.copy()
    nki.simulate(doubled_in_place, check=True)(x)
    np.testing.assert_array_equal(x, 2 * X)


def test_capacity_is_checked_with_every_call():
    @nki.jit
    def too_many_tiles(x):
        squares = []
        for _ in range(900):
            squares.append(nl.square(nl.load(x)))
        total = squares[0]
        for square in squares[1:]:
            nisa.tensor_tensor(dst=total, data1=total, data2=square, op=nl.add)
        out = nl.ndarray(x.shape, x.dtype, buffer=nl.shared_hbm)
        nl.store(out, total)
        return out

    with pytest.raises(_run.NkiValidationError, match="out_of_sbuf"):
        too_many_tiles(X)


def test_the_registry_describes_every_kind():
    kinds = _core.diagnostic_kinds()
    assert len({kind["id"] for kind in kinds}) == len(kinds)
    for kind in kinds:
        assert all(kind[part] for part in ("severity", "explanation", "example", "fix")), kind
