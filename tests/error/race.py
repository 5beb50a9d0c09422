# test observe
# input x = rand:128x512
# grid 2

import nki
import nki.isa as nisa
import nki.language as nl


@nki.jit
def kernel(x):
    core = nl.program_id(0)
    columns = nl.ds(core * 256, 256)
    both = nl.ndarray((128, 512), x.dtype, buffer=nl.shared_hbm, name="both")
    out = nl.ndarray((2, 128, 512), x.dtype, buffer=nl.shared_hbm, name="out")
    nisa.dma_copy(dst=both[:, columns], src=x[:, columns])
    early = nl.load(both)
    nisa.core_barrier(data=both, cores=(0, 1))
    late = nl.load(both)
    nisa.tensor_tensor(dst=late, data1=late, data2=early, op=nl.maximum)
    nl.store(out[core], late)
    return out


# expect line 17: error: dma_copy: src reads 131072 bytes of 'both' that nobody wrote, the first at element 256 [uninitialised_read]; allocated here: line 14
# expect line 16: error: dma_copy: core 0 writes 'both', and core 1 reads the same bytes; nothing orders the two [race]; core 1 reads here: line 17
# expect line 17: error: dma_copy: core 0 reads 'both', and core 1 writes the same bytes; nothing orders the two [race]; core 1 writes here: line 16
