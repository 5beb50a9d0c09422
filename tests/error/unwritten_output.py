# test observe
# input x = rand:128x512

import nki
import nki.isa as nisa
import nki.language as nl


@nki.jit
def kernel(x):
    tile = nl.load(x)
    sums = nl.ndarray((128, 1), x.dtype, buffer=nl.shared_hbm, name="sums")
    copy = nl.ndarray((128, 512), x.dtype, buffer=nl.shared_hbm, name="copy")
    for i in range(3):
        nisa.dma_copy(dst=copy[:, nl.ds(i * 128, 128)], src=tile[:, nl.ds(i * 128, 128)])
    return sums, copy


# expect line 12: error: kernel: 'sums' is returned, and nobody writes it [output_unwritten]
# expect line 13: warning: kernel: 'copy' is returned, and nobody writes 65536 of its 262144 bytes, the first at element 384 [output_partly_written]
