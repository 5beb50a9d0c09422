# test check
# input a = zeros:128x512
import nki
import nki.isa as nisa
import nki.language as nl


@nki.jit
def kernel(a):
    x = nl.load(a)
    nisa.memset(dst=x, value=0, colour=3)
    nisa.memset(value=0)
    nisa.memset(dst=x, value="zero")
    nisa.memset(x, 0, dst=x)
    nisa.tensor_scalar(dst=x, data=x, op0=nl.exp, operand0=1.0)
    nisa.tensor_reduce(dst=x, op=nl.add, data=x, axis=0)
    nisa.dma_compute(dst=a, srcs=a, reduce_op=nl.add)
    nisa.dma_compute(dst=a, srcs=[a, 1], reduce_op=nl.add)
    nisa.dma_compute(dst=a, srcs=(), reduce_op=nl.add)
    nisa.dma_compute(dst=a, srcs=[a, x], reduce_op=nl.add, scales=1.0)
    return x


# expect line 11: error: memset: has no argument 'colour'; it takes dst, value, engine [unknown_argument]
# expect line 12: error: memset: needs 'dst': tile to fill; SBUF or PSUM [missing_argument]
# expect line 13: error: memset: 'value' is 'zero' (str); it takes a tensor or a number [bad_argument]
# expect line 14: error: memset: 'dst' is given twice [bad_argument]
# expect line 15: error: tensor_scalar: 'op0' is nl.exp (Operator); it takes an operator [bad_argument]
# expect line 16: error: tensor_reduce: 'axis' is 0 (int); it takes a dimension or a list of dimensions, each 1 or more [bad_argument]
# expect line 17: error: dma_compute: 'srcs' is 'a' float32[128, 512] in shared_hbm <... (NkiTensor); it takes a list of tensors [bad_argument]
# expect line 18: error: dma_compute: 'srcs' is ['a' float32[128, 512] in shared_hbm ... (list); it takes a list of tensors [bad_argument]
# expect line 19: error: dma_compute: srcs has 0 tensors; it must have 1 to 16 [bad_argument]
# expect line 20: error: dma_compute: 'scales' is 1.0 (float); it takes a list of numbers [bad_argument]
