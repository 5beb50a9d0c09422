"""The softmax of each row. The C++ twin is examples/cpp/softmax.cpp."""

import nki
import nki.isa as nisa
import nki.language as nl
import numpy as np


@nki.jit
def softmax(x):
    """x is [rows, columns], and so is the result."""
    rows, columns = x.shape
    tile_rows = nl.tile_size.pmax
    out = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)

    for i in range(0, rows, tile_rows):
        height = min(tile_rows, rows - i)
        r = nl.ds(i, height)
        tile = nl.ndarray((height, columns), dtype=x.dtype, buffer=nl.sbuf)
        nisa.dma_copy(dst=tile, src=x[r, :])

        negative_max = nl.ndarray((height, 1), dtype=nl.float32, buffer=nl.sbuf)
        nisa.tensor_reduce(dst=negative_max, op=nl.maximum, data=tile, axis=1, negate=True)
        # exp(x - max) and its sum, in one pass over the tile.
        exponentials = nl.ndarray((height, columns), dtype=nl.float32, buffer=nl.sbuf)
        sums = nl.ndarray((height, 1), dtype=nl.float32, buffer=nl.sbuf)
        nisa.activation_reduce(
            dst=exponentials,
            op=nl.exp,
            data=tile,
            reduce_op=nl.add,
            reduce_res=sums,
            bias=negative_max,
        )
        factors = nl.ndarray((height, 1), dtype=nl.float32, buffer=nl.sbuf)
        nisa.reciprocal(dst=factors, data=sums)

        result = nl.ndarray((height, columns), dtype=x.dtype, buffer=nl.sbuf)
        nisa.tensor_scalar(dst=result, data=exponentials, op0=nl.multiply, operand0=factors)
        nisa.dma_copy(dst=out[r, :], src=result)
    return out


def inputs():
    return (np.random.default_rng(1).standard_normal((300, 1000), dtype=np.float32),)


if __name__ == "__main__":
    (x,) = inputs()
    expected = np.exp(x.astype(np.float64))
    expected /= expected.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(nki.simulate(softmax)(x), expected, 2e-6)
