# test check
# input a = zeros:128x64
import nki
import nki.language as nl


@nki.jit(platform_target="trn1")
def kernel(a):
    local = nl.ndarray(a.shape, dtype=a.dtype, buffer=nl.shared_hbm)
    nl.store(local, nl.load(a))
    nl.load_transpose2d(local)
    nl.load_transpose2d(a)
    return local


# expect line 11: error: load_transpose2d: src was allocated in the kernel, which a build for NeuronCore-v2 refused; load an argument of the kernel, or use nisa.nc_transpose [wrong_memory]
