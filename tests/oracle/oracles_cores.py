"""Oracles of what two cores do together."""

import nki.isa as nisa
import nki.language as nl
from case import Case, oracle, same_bits

_CORES = ("gen3", "gen4")


@oracle("sendrecv", count=60, targets=_CORES)
def sendrecv(g):
    """Each core has the other's tile."""
    type = g.any_type()
    partitions = g.partitions()
    shape = (partitions, *g.dims(g.elements(partitions, 60)))
    sent = [g.tile(shape, type, "sbuf", "any") for _ in range(2)]
    received = [g.tile(shape, type, "sbuf", "any", written=True) for _ in range(2)]
    pipe = g.integer(0, 3)
    cases = []
    for core, other in ((0, 1), (1, 0)):
        arguments = {"src": sent[core], "dst": received[core], "pipe_id": pipe}
        arguments |= {"send_to_rank": other, "recv_from_rank": other}
        expect = [same_bits(received[core], sent[other].bits())]
        cases.append(Case([("sendrecv", arguments)], expect))
    cases[0].peer = cases[1]
    return cases[0]


@oracle("core_barrier", count=40, targets=_CORES)
def core_barrier(g):
    """What both cores have written before it, both read after it."""
    type = g.pick(("float32", "int32", "bfloat16"))
    shape = (g.partitions(), g.size(40))
    halves = [g.tile(shape, type, "sbuf", "any") for _ in range(2)]
    seen = [g.tile(shape, type, "sbuf", "any", written=True) for _ in range(2)]

    def exchange(half, seen):
        core = nl.program_id(0)
        shared = nl.ndarray((2, *shape), dtype=half.dtype, buffer=nl.shared_hbm)
        nisa.dma_copy(dst=shared[core], src=half)
        nisa.core_barrier(data=shared, cores=(0, 1))
        nisa.dma_copy(dst=seen, src=shared[1 - core])

    cases = [
        Case(
            [(exchange, {"half": halves[core], "seen": seen[core]})],
            [same_bits(seen[core], halves[1 - core].bits())],
        )
        for core in range(2)
    ]
    cases[0].peer = cases[1]
    return cases[0]
