# test check
# input a = zeros:128x64
import nki
import nki.isa as nisa
import nki.language as nl


@nki.jit
def kernel(a):
    out = nl.ndarray(a.shape, dtype=a.dtype, buffer=nl.hbm)
    x = nl.load(a)
    nl.store(out, x)
    y = nl.add(x, x[:, 0:1])
    nl.add(x, y)
    nl.power(x, 2.0)
    nl.matmul(x, x[0:64], transpose_x=False)
    nl.matmul(x, x, transpose_x=True)
    nl.load_transpose2d(out)
    nisa.tensor_tensor(dst=x[0:32], data1=x[32:64], data2=y[0:32], op=nl.add)
    nisa.tensor_tensor(dst=x[0:32], data1=x[32:64], data2=y[32:64], op=nl.divide)
    return out


# expect line 13: warning: add: x is (128, 64), y is (128, 1); nl's functions were built with tiles of one shape only; use nisa.tensor_scalar, or .broadcast() [may_not_build]
# expect line 15: warning: power: y is a constant; nl.power was built with two tiles only [may_not_build]
# expect line 16: warning: matmul: transpose_x is false; nl.matmul was built with transpose_x=True only [may_not_build]
# expect line 18: warning: load_transpose2d: src was allocated in the kernel, which a build for NeuronCore-v2 refused; load an argument of the kernel, or use nisa.nc_transpose [may_not_build]
# expect line 19: warning: tensor_tensor: data1 starts at partition 32, data2 at 0; two inputs in sbuf start at the same one [may_not_build]
# expect line 20: error: tensor_tensor: op is divide, which no engine has; multiply by the reciprocal [bad_operator]
# expect line 20: warning: kernel: returns a tensor in private_hbm; from NKI 0.3 on a result is in shared_hbm [may_not_build]
