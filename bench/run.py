"""./run bench: measures, beside a named peer or limit, on the same cores in one run.

Groups: record, matmul, attention, check, timing. Each row is {name, value, unit, peer, ratio, goal,
met}: `ratio` is value / peer where there is a peer, and `goal` is on the ratio, or on the value
where there is none. Medians of several runs.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

# The BLAS that NumPy brings is the peer, on as many threads as Kiln is given.
THREADS = int(os.environ.get("KILN_THREADS") or 1)
for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, str(THREADS))

import kiln  # noqa: E402

kiln.install()

import ml_dtypes  # noqa: E402
import nki  # noqa: E402
import nki.isa as nisa  # noqa: E402
import nki.language as nl  # noqa: E402
import numpy as np  # noqa: E402

from kiln import _core, _run, _target  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parent.parent
for _folder in ("demo", "python"):
    sys.path.insert(0, str(ROOT / "examples" / _folder))


def row(name, value, unit, *, peer=None, peer_value=None, goal=None):
    """One measurement; higher is better in `value`, `ratio` and `goal`."""
    ratio = value / peer_value if peer_value else None
    measured = value if ratio is None else ratio
    return {
        "name": name,
        "value": value,
        "unit": unit,
        "peer": peer,
        "peer_value": peer_value,
        "ratio": ratio,
        "goal": goal,
        "met": None if goal is None else bool(measured >= goal),
    }


def median_seconds(action, runs):
    action()
    seconds = []
    for _ in range(runs):
        start = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


@nki.jit
def elementwise(a, tiles):
    """The loop that bench/record_bench.cpp records, in Python."""
    out = nl.ndarray(a.shape, dtype=a.dtype, buffer=nl.shared_hbm)
    for i in range(tiles):
        rows = nl.ds(i % 8 * 128, 128)
        x = nl.ndarray((128, 512), dtype=nl.float32)
        y = nl.ndarray((128, 512), dtype=nl.float32)
        nisa.dma_copy(dst=x, src=a[rows, :])
        nisa.tensor_scalar(dst=y, data=x, op0=nl.multiply, operand0=2.0)
        nisa.tensor_tensor(dst=y, data1=x, data2=y, op=nl.add)
        nisa.activation(dst=y, op=nl.exp, data=y)
        nisa.dma_copy(dst=out[rows, :], src=y)
    return out


def record_once(kernel, *arguments):
    """(instructions, seconds) of recording alone."""
    call = _core.Call(kernel.__name__, _target.index())
    start = time.perf_counter()
    program, _ = _run.record(call, kernel.fn, kernel.bind(arguments, {}), _run.Inputs())
    return len(program), time.perf_counter() - start


def bench_record(small):
    a = np.zeros((1024, 512), np.float32)
    rates = []
    for _ in range(1 if small else 7):
        count, seconds = record_once(elementwise, a, 20 if small else 20_000)
        rates.append(count / seconds)
    yield row(
        "record, Python, elementwise loop",
        statistics.median(rates),
        "instructions/s",
        goal=None if small else 200_000,
    )
    build = pathlib.Path(kiln._core.__file__).resolve().parents[2]
    command = [build / "bench" / "record_bench", *(["--small"] if small else [])]
    cpp = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    name = "record, C++, elementwise loop"
    goal = None if small else 5_000_000
    yield row(name, cpp["elementwise_loop"], "instructions/s", goal=goal)
    yield row("record, C++, same tiles", cpp["same_tiles"], "instructions/s", goal=goal)


@nki.jit
def matmul(lhs_t, rhs):
    """C = lhs_t.T @ rhs: all of lhs_t and rhs in SBUF, one PSUM tile for each result tile."""
    (k, m), n = lhs_t.shape, rhs.shape[1]
    out = nl.ndarray((m, n), dtype=lhs_t.dtype, buffer=nl.shared_hbm)
    left = [nl.load(lhs_t[nl.ds(i, 128), :]) for i in range(0, k, 128)]
    right = [nl.load(rhs[nl.ds(i, 128), :]) for i in range(0, k, 128)]
    for row_start in range(0, m, 128):
        for column in range(0, n, 512):
            total = nl.ndarray((128, 512), dtype=nl.float32, buffer=nl.psum)
            for a, b in zip(left, right, strict=True):
                nisa.nc_matmul(
                    dst=total,
                    stationary=a[:, nl.ds(row_start, 128)],
                    moving=b[:, nl.ds(column, 512)],
                )
            result = nl.ndarray((128, 512), dtype=lhs_t.dtype)
            nisa.tensor_copy(dst=result, src=total)
            nisa.dma_copy(dst=out[nl.ds(row_start, 128), nl.ds(column, 512)], src=result)
    return out


def bench_matmul(small):
    size = 512 if small else 1024
    rng = np.random.default_rng(1)
    a, b = rng.standard_normal((2, size, size)).astype(np.float32)
    flop = 2 * size**3
    runs = 1 if small else 15
    library = flop / median_seconds(lambda: a.T @ b, runs) / 1e9
    ours = flop / median_seconds(lambda: matmul(a, b), runs) / 1e9
    absolute = None if small else 20 * THREADS
    yield row(f"matmul fp32 {size}^3, recording included", ours, "GFLOP/s", goal=absolute)
    yield row(
        f"matmul fp32 {size}^3 against NumPy's BLAS",
        ours,
        "GFLOP/s",
        peer="numpy matmul",
        peer_value=library,
    )
    low = [x.astype(ml_dtypes.bfloat16) for x in (a, b)]
    seconds = median_seconds(lambda: matmul(*low), runs)
    yield row(f"matmul bf16 {size}^3, recording included", flop / seconds / 1e9, "GFLOP/s")


def bench_attention(small):
    from attention import make_inputs
    from attention_kernels import flash_attention, naive_attention

    arguments = make_inputs(512 if small else 2048, seed=1)
    runs = 1 if small else 3
    naive = median_seconds(lambda: naive_attention(*arguments), runs)
    flash = median_seconds(lambda: flash_attention(*arguments), runs)
    yield row(
        "Qwen3-0.6B layer attention, flash against naive",
        1 / flash,
        "1/s",
        peer="naive kernel",
        peer_value=1 / naive,
    )


def bench_check(small):
    """The gate, which executes nothing, and a full check beside the same run without one."""
    from flash_attention import flash_attention
    from matmul_tiled import matmul_tiled

    size, runs = (256, 1) if small else (2048, 9)
    random = np.random.default_rng(1)
    q, k = (random.standard_normal((128, size), np.float32) for _ in range(2))
    square = random.standard_normal((size, size), np.float32)
    for kernel, arrays in (
        (flash_attention, [q, k, np.ascontiguousarray(k.T)]),
        (matmul_tiled, [square, square.copy()]),
    ):
        call = _core.Call(kernel.__name__, _target.index())
        program, _ = _run.record(call, kernel.fn, kernel.bind(arrays, {}), _run.Inputs())
        launch = [(0, [program], arrays)]

        def check(execute, launch=launch):
            _core.check_programs(launch, threads=THREADS, execute=execute)

        gate = median_seconds(lambda check=check: check(False), runs)
        run = median_seconds(lambda p=program, a=arrays: _core.run_program(p, a, THREADS), runs)
        full = median_seconds(lambda check=check: check(True), runs)
        name = f"{kernel.__name__} {size}"
        goal = None if small else 1_000_000
        yield row(f"gate, {name}", len(program) / gate, "instructions/s", goal=goal)
        peer = {"peer": "the run alone", "peer_value": 1 / run}
        goal = None if small else 0.5
        yield row(f"full check, {name}", 1 / full, "checks/s", **peer, goal=goal)


def bench_timing(small):
    """Timelines of recorded programs, and the Perfetto trace of one with a million instructions."""
    from flash_attention import flash_attention
    from matmul_tiled import matmul_tiled

    size, runs = (256, 1) if small else (4096, 7)
    q, square = np.zeros((128, size), np.float32), np.zeros((size, size), np.float32)
    for kernel, arrays in (
        (flash_attention, [q, q.copy(), np.ascontiguousarray(q.T)]),
        (matmul_tiled, [square, square.copy()]),
    ):
        call = _core.Call(kernel.__name__, _target.index())
        program, _ = _run.record(call, kernel.fn, kernel.bind(arrays, {}), _run.Inputs())
        seconds = median_seconds(lambda p=program: _core.profile_programs([p], []), runs)
        name = f"placed, timed and summed up, {kernel.__name__} {size}"
        yield row(name, len(program) / seconds, "instructions/s")
    yield from timing_rows(small)


def timing_rows(small):
    """What the C++ benchmarks of kiln/timing measure: a million instructions on one core."""
    build = pathlib.Path(kiln._core.__file__).resolve().parents[2] / "kiln" / "timing"

    def measured(name):
        command = [build / name, *(["--small"] if small else [])]
        return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)

    rates, trace = measured("model_bench"), measured("perfetto_bench")
    for kernel in ("matmul", "attention"):
        goal = None if small else 5_000_000
        yield row(f"timeline, {kernel}", rates[kernel], "instructions/s", goal=goal)
        yield row(f"profile of it, {kernel}", rates[f"{kernel}_profile"], "instructions/s")
    goal = None if small else 0.2
    count = 1_000 if small else 1_000_000
    traces = 1 / trace["seconds"]
    yield row(f"Perfetto trace of {count} instructions", traces, "traces/s", goal=goal)


GROUPS = {
    "record": bench_record,
    "matmul": bench_matmul,
    "attention": bench_attention,
    "check": bench_check,
    "timing": bench_timing,
}


def print_row(r):
    goal = "" if r["goal"] is None else f"goal {r['goal']:,}: {'met' if r['met'] else 'MISSED'}"
    ratio = "" if r["ratio"] is None else f"{r['ratio']:.2f} x {r['peer']} ({r['peer_value']:,.4g})"
    print(f"{r['name']:<48}{r['value']:>14,.4g} {r['unit']:<16}{ratio} {goal}".rstrip(), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("groups", nargs="*", help=f"of {', '.join(GROUPS)}; default all")
    parser.add_argument("--json", action="store_true", help="print a JSON list of rows")
    parser.add_argument("--small", action="store_true", help="small sizes, as in the tests")
    options = parser.parse_args()
    unknown = sorted(set(options.groups) - set(GROUPS))
    if unknown:
        parser.error(f"no group {', '.join(unknown)}; there are {', '.join(GROUPS)}")
    _run.threads = THREADS
    rows = []
    for name in options.groups or GROUPS:
        for r in GROUPS[name](options.small):
            rows.append(r)
            if not options.json:
                print_row(r)
    if options.json:
        print(json.dumps(rows, indent=2))


if __name__ == "__main__":
    main()
