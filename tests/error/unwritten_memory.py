# test observe
# input x = rand:128x512

import nki
import nki.isa as nisa
import nki.language as nl


@nki.jit
def kernel(x):
    shown = nl.ndarray((128, 512), x.dtype, buffer=nl.sbuf)
    nisa.dma_copy(dst=shown[0:96], src=x[0:96])
    nisa.dma_copy(dst=shown[96:128, 0:500], src=x[96:128, 0:500])
    doubled = nl.ndarray((128, 512), x.dtype, buffer=nl.sbuf)
    nisa.tensor_tensor(dst=doubled, data1=shown, data2=shown, op=nl.add)
    out = nl.ndarray((128, 512), x.dtype, buffer=nl.shared_hbm)
    nisa.dma_copy(dst=out, src=doubled)
    return out


# expect line 0: advice: kernel: 384 of the 65536 elements of input 'x' are never read, the first is number 49652 [unread_input]
# expect line 15: error: tensor_tensor: data2 reads 1536 bytes of the sbuf tensor of FILE:11 that nobody wrote, the first at partition 96, byte 2000 [uninitialised_read]; allocated here: line 11
