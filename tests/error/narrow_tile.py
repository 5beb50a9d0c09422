# test observe
# input x = rand:128x512

import nki
import nki.isa as nisa
import nki.language as nl


@nki.jit
def kernel(x):
    tile = nl.load(x)
    halves = nl.ndarray((128, 512), nl.bfloat16, buffer=nl.sbuf)
    nisa.activation(dst=halves, data=tile, op=nl.exp)
    nisa.tensor_tensor(dst=tile, data1=tile, data2=halves, op=nl.add)
    out = nl.ndarray((128, 512), x.dtype, buffer=nl.shared_hbm)
    nl.store(out, tile)
    return out


# expect line 13: advice: activation: the sbuf tensor of FILE:12 holds bfloat16; what is written into it is wider, and so is what is made of it [narrow_tile]; made wide again here: line 14
