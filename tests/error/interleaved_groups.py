# test observe
# input a = rand:128x128
# input b = rand:128x256

import nki
import nki.isa as nisa
import nki.language as nl


@nki.jit
def kernel(a, b):
    stationary, moving = nl.load(a), nl.load(b)
    sums = nl.ndarray((128, 256), nl.float32, buffer=nl.psum)
    for k in range(2):
        for half in range(2):
            part = nl.ds(half * 128, 128)
            nisa.nc_matmul(sums[:, part], stationary, moving[:, part], accumulate=k > 0)
    out = nl.ndarray((128, 256), nl.float32, buffer=nl.shared_hbm)
    nl.store(out, nl.copy(sums))
    return out


# expect line 17: advice: nc_matmul: goes on with a group in a bank of the psum tensor of FILE:13 where another has begun since [interleaved_groups]; the other begins here: line 17
