"""The transpose of a matrix, tile by tile on the Tensor engine. The C++ twin is
examples/cpp/transpose2d.cpp."""

import nki
import nki.isa as nisa
import nki.language as nl
import numpy as np


@nki.jit
def transpose2d(a):
    """a is [rows, columns], the result [columns, rows]."""
    rows, columns = a.shape
    tile = nl.tile_size.pmax
    out = nl.ndarray((columns, rows), dtype=a.dtype, buffer=nl.shared_hbm)

    for i in range(0, rows, tile):
        height = min(tile, rows - i)
        band = nl.ndarray((height, columns), dtype=a.dtype, buffer=nl.sbuf)
        nisa.dma_copy(dst=band, src=a[nl.ds(i, height), :])
        for j in range(0, columns, tile):
            width = min(tile, columns - j)
            # The Tensor engine writes to PSUM only, and DMA does not read there.
            flipped = nl.ndarray((width, height), dtype=a.dtype, buffer=nl.psum)
            nisa.nc_transpose(dst=flipped, data=band[:, nl.ds(j, width)])
            result = nl.ndarray((width, height), dtype=a.dtype, buffer=nl.sbuf)
            nisa.tensor_copy(dst=result, src=flipped)
            nisa.dma_copy(dst=out[nl.ds(j, width), nl.ds(i, height)], src=result)
    return out


def inputs():
    return (np.random.default_rng(1).standard_normal((500, 300), dtype=np.float32),)


if __name__ == "__main__":
    (a,) = inputs()
    np.testing.assert_array_equal(nki.simulate(transpose2d)(a), a.T)
