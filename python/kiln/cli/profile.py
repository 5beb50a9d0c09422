"""kiln profile: tells how long a kernel would take on its device, and why."""

import argparse
import contextlib
import json
import sys

from kiln.cli import files, inputs
from kiln.cli.errors import FAILED, UsageError, shown
from kiln.cli.progress import ProgressBar

_DESCRIPTION = """\
Models the timeline of one kernel of a file, called with --arg's values, or of a recorded program.
The kernel is checked first, as `kiln check` does it; one with errors is not timed. Exit code: 0,
1 if the kernel has errors, 2 for wrong use."""


def add_parser(commands):
    parser = commands.add_parser(
        "profile",
        help="tell how long a kernel would take on its device, and why",
        description=_DESCRIPTION,
        epilog=inputs.FORMS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", metavar="FILE.py:kernel | FILE.kiln")
    parser.add_argument("--arg", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument(
        "--target", metavar="T[,T…]", help="trn1, trn2, trn3, or several (default: as kiln run)"
    )
    parser.add_argument("--compat", help=inputs.COMPAT_HELP)
    parser.add_argument("--grid", type=int, default=None, metavar="N", help="kernel[N]")
    parser.add_argument(
        "--compare",
        metavar="FILE.py:kernel",
        help="another version of the kernel, with the same arguments: both side by side",
    )
    parser.add_argument("--trace", metavar="FILE.pftrace", help="write a Perfetto trace")
    parser.add_argument("--html", metavar="FILE.html", help="write a page with the timeline")
    parser.add_argument(
        "--json", action="store_true", help="print neuron-explorer's summary as a JSON object"
    )
    parser.add_argument(
        "--host", action="store_true", help="add what a call costs on the host, beside the kernel"
    )
    parser.add_argument(
        "--no-execute", action="store_true", help="check what is recorded, without executing it"
    )
    parser.add_argument(
        "--force", action="store_true", help="time a kernel in which the checker finds errors"
    )
    parser.set_defaults(action=shown(action))


def action(options):
    from kiln import profiling

    _refuse_what_does_not_fit(options)
    inputs.set_compat(options.compat)
    for name in ("trace", "html"):
        if getattr(options, name):
            files.writable(getattr(options, name), f"--{name}")
    quiet = contextlib.redirect_stdout(sys.stderr) if options.json else contextlib.nullcontext()
    try:
        with ProgressBar(), quiet:
            profiles = _profiles(options)
    except profiling.NotTimed as error:
        print(f"kiln profile: {error}", file=sys.stderr)
        print("--force times it all the same", file=sys.stderr)
        return FAILED
    _show(profiles, options)
    return 0


def _refuse_what_does_not_fit(options):
    path, kernel = inputs.split_file(options.file)
    targets = options.target.split(",") if options.target else []
    several = len(targets) > 1 or options.compare
    if path.endswith(".kiln"):
        inputs.refuse_compat(options.compat)
        for name in ("target", "grid", "compare"):
            if getattr(options, name):
                raise UsageError(f"--{name} is for kernels; a program is what it is")
    elif kernel is None:
        raise UsageError(f"which kernel? {path}:kernel --arg …")
    if options.compare and len(targets) > 1:
        raise UsageError("--compare is for one target")
    for name in ("trace", "html"):
        if several and getattr(options, name):
            raise UsageError(f"--{name} is for one kernel on one target")


def _profiles(options):
    """[(label, Profile)]."""
    path, name = inputs.split_file(options.file)
    inputs.existing(path)
    if path.endswith(".kiln"):
        return [(path, _of_program(path, options))]
    values = inputs.parse_arguments(options.arg)
    targets = inputs.parse_targets(options.target) if options.target else [None]
    found = []
    for target in targets:
        profile = _of_kernel(path, name, values, target, options)
        found.append((profile.target if not options.compare else options.file, profile))
    if options.compare:
        other_path, other = inputs.split_file(options.compare)
        if other is None:
            raise UsageError(f"--compare {options.compare}: name a kernel, FILE.py:kernel")
        inputs.existing(other_path)
        profile = _of_kernel(other_path, other, values, targets[0], options)
        found.append((options.compare, profile))
    return found


def _of_kernel(path, name, values, target, options):
    from kiln import profiling

    kernel = inputs.load_kernel(path, name)
    if options.grid is not None:
        kernel = kernel[options.grid]
    inputs.bind(kernel, values)
    return profiling.profile_call(
        kernel,
        lambda: kernel.bind((), values),
        target=target,
        check="recorded" if options.no_execute else "executed",
        force=options.force,
    )


def _of_program(path, options):
    from kiln import profiling

    program = inputs.valid_program(path)
    values = inputs.parse_arguments(options.arg)
    execute = not options.no_execute
    arrays = inputs.program_inputs(program, values) if execute or values else None
    check = "executed" if execute else "recorded"
    return profiling.profile_program(program, arrays, check=check, force=options.force)


def _show(profiles, options):
    from kiln.profiling import as_json, comparison, text

    if options.json:
        objects = {label: as_json.summary(profile, options.host) for label, profile in profiles}
        only = next(iter(objects.values()))
        print(json.dumps(objects if len(objects) > 1 else only, indent=2))
    elif len(profiles) == 1:
        sys.stdout.write(text.report(profiles[0][1], host=options.host))
    else:
        lines = comparison.table([p for _, p in profiles], [label for label, _ in profiles])
        print("\n".join(lines))
    for label, profile in profiles:
        _write(profile, options, label)


def _write(profile, options, label):
    if options.trace:
        written = _writing("--trace", options.trace, profile.write_trace)
        left = written["slices_left_out"]
        note = f"; {left} slices left out" if left else ""
        print(f"{options.trace}: {written['slices']} slices{note}", file=sys.stderr)
    if options.html:
        _writing("--html", options.html, profile.write_page)
        print(f"{options.html}: the timeline of {label}", file=sys.stderr)


def _writing(option, path, write):
    try:
        return write(path)
    except OSError as error:
        raise UsageError(f"{option} {path}: {error.strerror or error}") from None
