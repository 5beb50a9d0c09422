# test observe
# input x = rand:128x512

import nki
import nki.isa as nisa
import nki.language as nl


@nki.jit
def kernel(x):
    tile = nl.load(x)
    chosen = nl.ndarray((128, 512), nl.uint8, buffer=nl.sbuf)
    nisa.tensor_scalar(dst=chosen, data=tile, op0=nl.less, operand0=0.5)
    some = nl.ndarray((128, 512), x.dtype, buffer=nl.sbuf)
    nisa.tensor_copy_predicated(dst=some, src=tile, predicate=chosen)
    out = nl.ndarray((128, 512), x.dtype, buffer=nl.shared_hbm)
    nl.store(out, some)
    return out


# expect line 15: error: tensor_copy_predicated: dst reads 262144 bytes of the sbuf tensor of FILE:14 that nobody wrote, the first at partition 0, byte 0 [uninitialised_read]; allocated here: line 14
