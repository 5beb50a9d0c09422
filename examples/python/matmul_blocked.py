"""lhs @ rhs in blocks of several tiles, so that each block of an operand is loaded once for many
matmuls. The C++ twin is examples/cpp/matmul_blocked.cpp."""

import nki
import nki.isa as nisa
import nki.language as nl
import numpy as np

# What a block loads stays in SBUF for every matmul that needs it.
BLOCK_M, BLOCK_N = 512, 1024


def load_block(x, first, width):
    """All rows of `width` columns from `first` on, as [128, rows / 128, width]."""
    partitions = nl.tile_size.pmax
    tiles = x.shape[0] // partitions
    block = nl.ndarray((partitions, tiles, width), dtype=x.dtype, buffer=nl.sbuf)
    columns = x[:, nl.ds(first, width)]
    nisa.dma_copy(dst=block, src=columns.reshape_dim(0, (tiles, partitions)).permute((1, 0, 2)))
    return block


@nki.jit
def matmul_blocked(lhs_t, rhs):
    """lhs_t [k, m] is lhs transposed, rhs is [k, n]; the result is [m, n]. k is a multiple of
    128."""
    (k, m), n = lhs_t.shape, rhs.shape[1]
    tile_m = nl.tile_size.gemm_stationary_fmax
    tile_n = nl.tile_size.gemm_moving_fmax
    tiles_k = k // nl.tile_size.pmax
    out = nl.ndarray((m, n), dtype=lhs_t.dtype, buffer=nl.shared_hbm)

    for block_i in range(0, m, BLOCK_M):
        block_height = min(BLOCK_M, m - block_i)
        lhs_block = load_block(lhs_t, block_i, block_height)
        for block_j in range(0, n, BLOCK_N):
            block_width = min(BLOCK_N, n - block_j)
            rhs_block = load_block(rhs, block_j, block_width)
            for i in range(0, block_height, tile_m):
                for j in range(0, block_width, tile_n):
                    height, width = min(tile_m, block_height - i), min(tile_n, block_width - j)
                    product = nl.ndarray((height, width), dtype=nl.float32, buffer=nl.psum)
                    for t in range(tiles_k):
                        nisa.nc_matmul(
                            dst=product,
                            stationary=lhs_block[:, t, nl.ds(i, height)],
                            moving=rhs_block[:, t, nl.ds(j, width)],
                        )
                    result = nl.ndarray((height, width), dtype=out.dtype, buffer=nl.sbuf)
                    nisa.tensor_copy(dst=result, src=product)
                    nisa.dma_copy(
                        dst=out[nl.ds(block_i + i, height), nl.ds(block_j + j, width)], src=result
                    )
    return out


def inputs():
    random = np.random.default_rng(1)
    return (
        random.standard_normal((512, 700), dtype=np.float32),
        random.standard_normal((512, 1300), dtype=np.float32),
    )


if __name__ == "__main__":
    lhs_t, rhs = inputs()
    expected = lhs_t.T.astype(np.float64) @ rhs
    np.testing.assert_allclose(nki.simulate(matmul_blocked)(lhs_t, rhs), expected, 0, 1e-3)
