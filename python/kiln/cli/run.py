"""kiln run: runs a script, a kernel or a program."""

import argparse
import json
import os
import pathlib
import statistics
import sys
import tempfile
import time

import numpy as np

import kiln
from kiln import _arrays, _core, _run, _target
from kiln.cli import inputs, scripts
from kiln.cli.errors import UsageError, shown
from kiln.cli.progress import ProgressBar


def add_parser(commands):
    parser = commands.add_parser(
        "run",
        help="run a script, one kernel of a file, or a program",
        description="Runs FILE.py as Python would, with Kiln's nki; or one kernel of it "
        "(FILE.py:kernel), or a recorded program (FILE.kiln).",
        epilog=inputs.FORMS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", metavar="FILE.py | FILE.py:kernel | FILE.kiln")
    parser.add_argument("script_arguments", nargs="*", metavar="ARG", help="for the script")
    parser.add_argument("--arg", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--target", help="trn1, trn2 or trn3 (default: environment, then trn2)")
    parser.add_argument("--compat", help=inputs.COMPAT_HELP)
    parser.add_argument("--grid", type=int, default=None, metavar="N", help="kernel[N]")
    parser.add_argument("--threads", type=int, default=0, metavar="N")
    parser.add_argument("--repeat", type=int, default=1, metavar="N", help="median of N runs")
    parser.add_argument("--out", metavar="DIR", help="save the outputs there as .npy files")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(action=shown(action))


def action(options):
    path, kernel_name = inputs.split_file(options.file)
    if options.target:
        (_target.override,) = inputs.parse_targets(options.target, most=1)
    inputs.set_compat(options.compat)
    if options.threads < 0 or options.repeat < 1:
        raise UsageError("--threads is 0 or more and --repeat 1 or more")
    _run.threads = options.threads or _run.threads
    inputs.existing(path)
    with ProgressBar():
        if path.endswith(".kiln"):
            inputs.refuse_compat(options.compat)
            return _run_program(path, options)
        if kernel_name is None:
            return _run_script(path, options)
        return _run_kernel(path, kernel_name, options)


def _run_script(path, options):
    """Runs the file as `python FILE.py` would; says what ran on stderr."""
    if options.arg or options.out:
        raise UsageError("--arg and --out need a kernel: FILE.py:kernel")
    calls = []
    _run.listeners.append(calls.append)
    try:
        return scripts.run(path, options.script_arguments)
    finally:
        for ran in calls:
            print(_provenance_line(ran), file=sys.stderr)


def _run_kernel(path, name, options):
    kernel = inputs.load_kernel(path, name)
    if options.grid is not None:
        kernel = kernel[options.grid]
    values = inputs.parse_arguments(options.arg)
    inputs.bind(kernel, values)
    seconds = []
    for _ in range(options.repeat):
        start = time.perf_counter()
        result = kernel(**values)
        seconds.append(time.perf_counter() - start)
    outputs = _named_outputs(result)
    return _finish(outputs, kiln.provenance(), seconds, options)


def _run_program(path, options):
    program = inputs.valid_program(path)
    values = inputs.parse_arguments(options.arg)
    arrays = inputs.program_inputs(program, values)
    seconds = []
    for _ in range(options.repeat):
        start = time.perf_counter()
        outputs, ran = _core.run_program(program, arrays, _run.threads)
        seconds.append(time.perf_counter() - start)
    ran["program"] = program
    ran["target"] = _target.instance(ran["target"])
    ran["compat"] = ran["compat_source"] = None
    ran["program_hash"] = program.hash
    named = _named_outputs(tuple(_arrays.to_numpy(o) for o in outputs))
    return _finish(named, ran, seconds, options)


def _named_outputs(result):
    """{name: array} of what a kernel returned."""
    if result is None:
        return {}
    if isinstance(result, dict):
        return {str(k): np.asarray(v) for k, v in result.items()}
    if isinstance(result, (list, tuple)):
        return {f"output{i}": np.asarray(v) for i, v in enumerate(result)}
    return {"output": np.asarray(result)}


def _finish(outputs, ran, seconds, options):
    saved = _save(outputs, options.out) if options.out else {}
    summary = {
        "outputs": {n: {**_summary(a), **saved.get(n, {})} for n, a in outputs.items()},
        "provenance": {k: ran[k] for k in (*_KEYS, "program_hash")},
        "seconds": {
            "median": statistics.median(seconds),
            "min": min(seconds),
            "max": max(seconds),
            "runs": len(seconds),
        },
    }
    if options.json:
        print(json.dumps(summary, indent=2))
    else:
        _print(summary)
    return 0


_KEYS = (
    *("kernel", "target", "compat", "compat_source", "backend", "cores", "threads"),
    *(
        "instructions",
        "by_routine",
        "by_reference",
        "record_seconds",
        "execute_seconds",
        "memory_bytes",
    ),
)


def _summary(array):
    with np.errstate(all="ignore"):
        values = np.asarray(array).astype(np.float64)
        finite = values[np.isfinite(values)]
        return {
            "dtype": str(array.dtype),
            "shape": list(array.shape),
            "min": float(finite.min()) if finite.size else None,
            "max": float(finite.max()) if finite.size else None,
            "mean": float(finite.mean()) if finite.size else None,
            "not_finite": int(values.size - finite.size),
        }


def _save(outputs, directory):
    """Writes each output; a file appears whole or not at all."""
    folder = pathlib.Path(directory)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        saved = {}
        for name, array in outputs.items():
            path = folder / f"{name}.npy"
            with tempfile.NamedTemporaryFile(dir=folder, suffix=".part", delete=False) as file:
                try:
                    np.save(file, array)
                except BaseException:
                    os.unlink(file.name)
                    raise
            os.replace(file.name, path)
            saved[name] = {"file": str(path)}
        return saved
    except OSError as error:
        raise UsageError(f"--out {directory}: {error.strerror or error}") from None


def _print(summary):
    for name, o in summary["outputs"].items():
        sizes = ", ".join(map(str, o["shape"]))
        line = f"{name}: {o['dtype']}[{sizes}]"
        if o["min"] is not None:
            line += f"  min {o['min']:.6g}  max {o['max']:.6g}  mean {o['mean']:.6g}"
        if o["not_finite"]:
            line += f"  not finite: {o['not_finite']}"
        print(line + (f"  -> {o['file']}" if "file" in o else ""))
    p, s = summary["provenance"], summary["seconds"]
    print()
    print(f"ran      {p['kernel']} for {p['target']} on {p['backend']}, {p['threads']} thread(s)")
    kinds = ", ".join(f"{n} {c}" for n, c in sorted(p["instructions"].items(), key=_by_count))
    if p["compat"]:
        print(f"nki      {p['compat']} ({p['compat_source']})")
    print(f"executed {p['by_routine'] + p['by_reference']} instructions: {kinds}")
    if p["by_reference"]:
        print(f"         {p['by_reference']} of them by their scalar reference meaning")
    print(f"program  {p['program_hash']}")
    spread = f" (median of {s['runs']}: {s['min'] * 1e3:.2f} to {s['max'] * 1e3:.2f})"
    print(
        f"time     record {p['record_seconds'] * 1e3:.2f} ms, "
        f"execute {p['execute_seconds'] * 1e3:.2f} ms, call {s['median'] * 1e3:.2f} ms"
        + (spread if s["runs"] > 1 else "")
    )
    print(f"memory   {p['memory_bytes'] / 2**20:.1f} MiB besides the inputs")


def _by_count(item):
    return -item[1]


def _provenance_line(ran):
    executed = ran["by_routine"] + ran["by_reference"]
    return (
        f"kiln: ran {ran['kernel']} for {ran['target']} on {ran['backend']}: "
        f"{executed} instructions, record {ran['record_seconds'] * 1e3:.1f} ms, "
        f"execute {ran['execute_seconds'] * 1e3:.1f} ms"
    )
