# test observe
# input x = rand:128x512
# input unused = rand:128x1

import nki
import nki.isa as nisa
import nki.language as nl


@nki.jit
def kernel(x, unused):
    half = nl.ndarray((128, 256), x.dtype, buffer=nl.sbuf)
    nisa.memset(dst=half, value=0.0)
    nisa.dma_copy(dst=half, src=x[:, 0:256])
    column = nl.ndarray((128, 1), x.dtype, buffer=nl.sbuf)
    nisa.tensor_reduce(dst=column, data=half, op=nl.add, axis=1)
    out = nl.ndarray((128, 256), x.dtype, buffer=nl.shared_hbm)
    nisa.dma_copy(dst=out, src=half)
    return out


# expect line 13: advice: memset: what it writes to the sbuf tensor of FILE:12 is overwritten before anything reads it [dead_store]; overwritten here: line 14
# expect line 16: advice: tensor_reduce: what it writes to the sbuf tensor of FILE:15 is never read [dead_store]
# expect line 0: advice: kernel: 32768 of the 65536 elements of input 'x' are never read, the first is number 256 [unread_input]
# expect line 0: advice: kernel: input 'unused' is never read [unread_input]
