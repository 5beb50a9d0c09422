# test observe
# input x = rand:128x512

import nki
import nki.isa as nisa
import nki.language as nl


@nki.jit
def kernel(x):
    some = nl.ndarray((128, 512), x.dtype, buffer=nl.sbuf)
    nisa.dma_copy(dst=some[0:96], src=x[0:96])
    doubled = nl.ndarray((128, 512), x.dtype, buffer=nl.sbuf)
    for i in range(4):
        part = nl.ds(i * 128, 128)
        piece = some[:, part]
        nisa.tensor_tensor(dst=doubled[:, part], data1=piece, data2=piece, op=nl.add)
    out = nl.ndarray((128, 512), x.dtype, buffer=nl.shared_hbm)
    nisa.dma_copy(dst=out[0:96], src=doubled[0:96])
    return out


# expect line 18: warning: kernel: the shared_hbm tensor of FILE:18 is returned, and nobody writes 65536 of its 262144 bytes, the first at element 49152 [output_partly_written]
# expect line 0: advice: kernel: 16384 of the 65536 elements of input 'x' are never read, the first is number 49152 [unread_input]
# expect line 17: warning: tensor_tensor: data2 reads 16384 bytes of the sbuf tensor of FILE:11 that nobody wrote, the first at partition 96, byte 0 [unwritten_operand] (x4); allocated here: line 11
