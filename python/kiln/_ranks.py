"""Ranks: one kernel on several ranks with inputs of their own, in this process or over MPI."""

import os

from kiln import _run


def job():
    """(number of processes, this one's number) of the MPI job; (1, 0) outside of one."""
    if not _in_mpi_job():
        return 1, 0
    from kiln import _mpi

    return _mpi.job()


def run_ranks(kernel, inputs, ranks=None):
    """Runs a kernel on `ranks` ranks that exchange data by nki.collectives.

    inputs: a function of the rank, or a list with one entry for each rank, that gives the kernel's
    keyword arguments (a dict). ranks: 2 to 64; by default as many as the list has entries.
    `kernel[grid]` runs each rank on a launch grid.

    Returns what the kernel returned, a dict by rank. Started under mpirun, the ranks are spread
    over the job's processes in blocks; each process asks `inputs` for its own ranks only, and
    returns those. Raises RuntimeError if a rank waits for one that does not come.
    """
    from kiln import nki

    if ranks is None:
        if callable(inputs):
            raise TypeError("run_ranks: ranks is missing; with a function for inputs say how many")
        ranks = len(inputs)
    if ranks < 1:
        raise ValueError(f"run_ranks: ranks is {ranks}; it is 1 or more")
    transport = _transport(ranks)
    mine = [rank for rank in range(ranks) if transport is None or transport.is_local(rank)]
    kernel = nki.jit(kernel)
    given = {rank: inputs(rank) if callable(inputs) else inputs[rank] for rank in mine}
    binds = [lambda rank=rank: kernel.bind((), given[rank]) for rank in mine]
    results = _run.call_ranks(kernel, binds, mine, transport)
    return dict(zip(mine, results, strict=True))


def _in_mpi_job():
    """Whether mpirun, or what else starts MPI jobs, has started this process."""
    return any(name in os.environ for name in ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMIX_RANK"))


def _transport(ranks):
    if not _in_mpi_job():
        return None
    try:
        from kiln import _mpi
    except ImportError as error:
        raise RuntimeError(
            f"this is an MPI job, and this build of Kiln cannot use MPI ({error})"
        ) from None
    processes, _ = _mpi.job()
    return _mpi.transport(ranks) if processes > 1 else None


__all__ = ["job", "run_ranks"]
