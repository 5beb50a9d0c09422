# test observe
# input table = rand:4x8
# input which = ones:1x1:int32

import nki
import nki.isa as nisa
import nki.language as nl


@nki.jit
def kernel(table, which):
    index = nl.load(which)
    nisa.tensor_scalar(dst=index, data=index, op0=nl.multiply, operand0=4)
    row = nl.ndarray((1, 8), table.dtype, buffer=nl.sbuf)
    nisa.dma_copy(dst=row, src=table.ap([[8, 1], [1, 8]], scalar_offset=index))
    out = nl.ndarray((1, 8), table.dtype, buffer=nl.shared_hbm)
    nisa.dma_copy(dst=out, src=row)
    return out


# expect line 15: error: dma_copy: a runtime index of 'table' is 4; the dimension has 4 elements [runtime_fault]
