"""What production kernels do beyond the documentation's letter."""

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
