"""lhs @ rhs, one output tile after the other, every operand tile loaded where it is used. The C++
twin is examples/cpp/matmul_tiled.cpp."""

import nki
import nki.isa as nisa
import nki.language as nl
import numpy as np


@nki.jit
def matmul_tiled(lhs_t, rhs):
    """lhs_t [k, m] is lhs transposed, rhs is [k, n]; the result is [m, n]."""
    (k, m), n = lhs_t.shape, rhs.shape[1]
    tile_k = nl.tile_size.pmax
    tile_m = nl.tile_size.gemm_stationary_fmax
    tile_n = nl.tile_size.gemm_moving_fmax
    out = nl.ndarray((m, n), dtype=lhs_t.dtype, buffer=nl.shared_hbm)

    for i in range(0, m, tile_m):
        for j in range(0, n, tile_n):
            height, width = min(tile_m, m - i), min(tile_n, n - j)
            rows, columns = nl.ds(i, height), nl.ds(j, width)
            product = nl.ndarray((height, width), dtype=nl.float32, buffer=nl.psum)
            for s in range(0, k, tile_k):
                depth = min(tile_k, k - s)
                steps = nl.ds(s, depth)
                lhs_tile = nl.ndarray((depth, height), dtype=lhs_t.dtype, buffer=nl.sbuf)
                nisa.dma_copy(dst=lhs_tile, src=lhs_t[steps, rows])
                rhs_tile = nl.ndarray((depth, width), dtype=rhs.dtype, buffer=nl.sbuf)
                nisa.dma_copy(dst=rhs_tile, src=rhs[steps, columns])
                # The first matmul overwrites what is in PSUM, the others add to it.
                nisa.nc_matmul(dst=product, stationary=lhs_tile, moving=rhs_tile)
            result = nl.ndarray((height, width), dtype=out.dtype, buffer=nl.sbuf)
            nisa.tensor_copy(dst=result, src=product)
            nisa.dma_copy(dst=out[rows, columns], src=result)
    return out


def inputs():
    random = np.random.default_rng(1)
    return (
        random.standard_normal((320, 200), dtype=np.float32),
        random.standard_normal((320, 1100), dtype=np.float32),
    )


if __name__ == "__main__":
    lhs_t, rhs = inputs()
    expected = lhs_t.T.astype(np.float64) @ rhs
    np.testing.assert_allclose(nki.simulate(matmul_tiled)(lhs_t, rhs), expected, 0, 1e-3)
