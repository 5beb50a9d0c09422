# test observe
# input x = rand:128x512
# grid 2

import nki
import nki.isa as nisa
import nki.language as nl


@nki.jit
def kernel(x):
    out = nl.ndarray((128, 512), x.dtype, buffer=nl.shared_hbm, name="out")
    if nl.program_id(0) == 0:
        nisa.dma_copy(dst=out, src=x)
        nisa.core_barrier(data=out, cores=(0, 1))
    return out


# expect line 15: error: kernel: deadlock: nobody can go on;   core 0 waits at FILE:15 in core_barrier for core 1;   core 1 has ended [deadlock]
