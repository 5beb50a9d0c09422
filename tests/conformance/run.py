"""./run conformance CHECKOUT [--smoke] [pytest arguments]: runs the NKI Library's suite on Kiln.
./run conformance --summary REPORT…: adds up the reports of runs, by folder of the suite.

CHECKOUT is a clone of the public nki-library at the tag in docs/conformance.md; it is not written
to. Arguments that begin with test/ are paths in it; without any, all of test/integration runs.
"""

import os
import pathlib
import subprocess
import sys

import summary

HERE = pathlib.Path(__file__).resolve().parent
WORK = HERE.parent.parent / "build" / "conformance"

# The suite is written for this NKI release.
COMPAT = "0.3"

# What a smoke run leaves out: few tests with long references.
LONG = ("moe_cte", "moe_block", "bwmm_shard_on_H", "cross_entropy", "attention_cte")


def main(arguments):
    if not arguments or arguments[0] in ("-h", "--help"):
        print(__doc__)
        return 0 if arguments else 2
    if arguments[0] == "--summary":
        return summary.main(arguments[1:])
    checkout = pathlib.Path(arguments[0]).resolve()
    if not (checkout / "test" / "integration" / "nkilib").is_dir():
        print(f"conformance: {checkout} is no checkout of nki-library", file=sys.stderr)
        return 2
    (WORK / "out").mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "pytest", *pytest_arguments(checkout, arguments[1:])]
    return subprocess.run(command, cwd=WORK, env=environment(checkout)).returncode


def pytest_arguments(checkout, given):
    """Paths first, since the suite's own options are known only by its conftest."""
    leave_out = []
    if "--smoke" in given:
        given = [g for g in given if g != "--smoke"]
        leave_out = [f"--kiln-leave-out={name}" for name in LONG]
    paths = [g for g in given if g.startswith("test/")]
    options = [g for g in given if g not in paths]
    defaults = {
        "-m": "fast",
        "-n": str(len(os.sched_getaffinity(0))),
        "--timeout": "600",
        "--kiln-report": str(WORK / "report.jsonl"),
    }
    for name, value in defaults.items():
        if not any(o == name or o.startswith(f"{name}=") for o in options):
            options += [name, value]
    return [
        *[str(checkout / path) for path in paths or ["test/integration"]],
        *("-p", "kiln_conformance", "-c", str(checkout / "test" / "pytest.ini")),
        *("-o", f"cache_dir={WORK / 'cache'}", "--output-directory", str(WORK / "out")),
        *("--test-mode", "simulation", "--dist", "worksteal", "--force-local-cleanup"),
        *("-q", "--tb=short", "--no-header", "--disable-warnings"),
        *leave_out,
        *options,
    ]


def environment(checkout):
    # The parallelism is in the tests; each runs on one thread.
    threads = ("KILN_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    # The suite's package is called test, as one of the standard library's is: it must come first.
    path = [str(HERE), str(checkout), str(checkout / "src"), os.environ.get("PYTHONPATH", "")]
    return {
        **os.environ,
        **dict.fromkeys(threads, "1"),
        "PYTHONPATH": os.pathsep.join(filter(None, path)),
        "PYTHONPYCACHEPREFIX": str(WORK / "pycache"),
        # The suite draws its random parameters with it; all workers must draw the same.
        "NEURON_PYTHONHASHSEED": "0",
        "KILN_COMPAT": COMPAT,
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
