# test observe
# input x = rand:128x512
# grid 2

import nki
import nki.isa as nisa
import nki.language as nl


@nki.jit
def kernel(x):
    out = nl.ndarray((128, 512), x.dtype, buffer=nl.shared_hbm, name="out")
    nisa.dma_copy(dst=out, src=x)
    return out


# expect line 13: warning: dma_copy: core 0 writes 'out', and core 1 writes the same bytes; nothing orders the two [unordered_access]; core 1 writes here: line 13
