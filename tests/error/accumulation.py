# test observe
# input a = rand:128x128
# input b = rand:128x512

import nki
import nki.isa as nisa
import nki.language as nl


@nki.jit
def kernel(a, b):
    stationary, moving = nl.load(a), nl.load(b)
    out = nl.ndarray((3, 128, 512), nl.float32, buffer=nl.shared_hbm)
    fresh = nl.ndarray((128, 512), nl.float32, buffer=nl.psum)
    nisa.nc_matmul(dst=fresh, stationary=stationary, moving=moving, accumulate=True)
    nl.store(out[2], nl.copy(fresh))
    reused = nl.ndarray((128, 512), nl.float32, buffer=nl.psum)
    for i in range(2):
        nisa.nc_matmul(dst=reused, stationary=stationary, moving=moving)
        nl.store(out[i], nl.copy(reused))
    return out


# expect line 15: error: nc_matmul: adds to the psum tensor of FILE:14, of which nobody wrote 262144 bytes, the first at partition 0, byte 0 [accumulate_unwritten]; allocated here: line 14
# expect line 19: warning: nc_matmul: adds to the result in the psum tensor of FILE:17 though it has been read; without `accumulate` only the first matmul overwrites [accumulate_after_read]; the group starts here: line 19; and is read here: line 20
