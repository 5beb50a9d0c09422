"""a + b, tile by tile. The C++ twin is examples/cpp/tensor_add.cpp."""

import nki
import nki.isa as nisa
import nki.language as nl
import numpy as np


@nki.jit
def tensor_add(a, b):
    """a and b are of one shape [rows, columns]."""
    rows, columns = a.shape
    tile_rows, tile_columns = nl.tile_size.pmax, 512
    out = nl.ndarray(a.shape, dtype=a.dtype, buffer=nl.shared_hbm)

    for i in range(0, rows, tile_rows):
        for j in range(0, columns, tile_columns):
            height, width = min(tile_rows, rows - i), min(tile_columns, columns - j)
            r, c = nl.ds(i, height), nl.ds(j, width)

            a_tile = nl.ndarray((height, width), dtype=a.dtype, buffer=nl.sbuf)
            nisa.dma_copy(dst=a_tile, src=a[r, c])
            b_tile = nl.ndarray((height, width), dtype=b.dtype, buffer=nl.sbuf)
            nisa.dma_copy(dst=b_tile, src=b[r, c])

            total = nl.ndarray((height, width), dtype=a.dtype, buffer=nl.sbuf)
            nisa.tensor_tensor(dst=total, data1=a_tile, data2=b_tile, op=nl.add)
            nisa.dma_copy(dst=out[r, c], src=total)
    return out


def inputs():
    random = np.random.default_rng(1)
    return random.standard_normal((2, 300, 1200), dtype=np.float32)


if __name__ == "__main__":
    a, b = inputs()
    np.testing.assert_array_equal(nki.simulate(tensor_add)(a, b), a + b)
