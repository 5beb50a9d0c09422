# test check
# input a = zeros:128x64
import nki
import nki.isa as nisa
import nki.language as nl


@nki.jit
def kernel(a):
    out = nl.ndarray(a.shape, dtype=a.dtype, buffer=nl.shared_hbm)
    x, y = nl.load(a), nl.ndarray(a.shape, dtype=a.dtype, buffer=nl.sbuf)
    nisa.sendrecv(src=x, dst=y, send_to_rank=1, recv_from_rank=1, pipe_id=0)
    nl.store(out, y)
    nisa.core_barrier(data=out, cores=(0, 1))
    return out


# expect line 12: error: sendrecv: meets core 1; the launch has one core, it needs a grid of 2 [bad_argument]
# expect line 14: error: core_barrier: meets core 1; the launch has one core, it needs a grid of 2 [bad_argument]
