"""x / rms(x) * w for each row, with the functions of nl instead of single instructions. The C++
twin is examples/cpp/rms_norm.cpp."""

import nki
import nki.language as nl
import numpy as np


@nki.jit
def rms_norm(x, w):
    """x is [rows, columns], w [columns]; the result is like x."""
    rows, columns = x.shape
    tile_rows = nl.tile_size.pmax
    out = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
    # The same weights in each partition.
    weights = nl.broadcast_to(nl.load(w.reshape((1, columns))), (tile_rows, columns))

    for i in range(0, rows, tile_rows):
        height = min(tile_rows, rows - i)
        r = nl.ds(i, height)
        tile = nl.load(x[r, :])
        result = nl.rms_norm(tile, weights[nl.ds(0, height), :], axis=1, n=columns)
        nl.store(out[r, :], result)
    return out


def inputs():
    random = np.random.default_rng(1)
    return (
        random.standard_normal((300, 768), dtype=np.float32),
        random.standard_normal(768, dtype=np.float32),
    )


if __name__ == "__main__":
    x, w = inputs()
    rms = np.sqrt(np.mean(np.square(x, dtype=np.float64), axis=1, keepdims=True) + 1e-6)
    np.testing.assert_allclose(nki.simulate(rms_norm)(x, w), x / rms * w, 2e-6)
