# test check
# input a = zeros:128x64
import nki
import nki.language as nl


@nki.jit
def kernel(a):
    out = nl.ndarray(a.shape, dtype=a.dtype, buffer=nl.shared_hbm)
    before = nl.ndarray(a.shape, dtype=a.dtype, buffer=nl.sbuf)
    for _ in nl.dynamic_range(2):
        inside = nl.load(a)
        for _ in nl.dynamic_range(2):
            nl.store(out, inside)
        nl.store(out, before)
    after = nl.load(a)
    nl.store(out, after)
    nl.store(out, before)
    nl.store(out, inside)
    return out


# expect line 19: error: dma_copy: a tensor was allocated inside of a loop that has ended [left_loop]; allocated here: line 12
