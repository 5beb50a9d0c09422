# test check
# input a = zeros:128x64
import nki
import nki.isa as nisa
import nki.language as nl


@nki.jit(platform_target="trn1")
def on_cores(a):
    x = nl.load(a)
    nisa.tensor_tensor(dst=x, data1=x, data2=x, op=nl.divide)
    return a


kernel = on_cores[2]
# expect line 11: error: tensor_tensor: op is divide, which no engine has; multiply by the reciprocal [bad_operator]
# expect line 11: warning: on_cores: the launch has several cores; for NeuronCore-v2 it is built with one [may_not_build]
