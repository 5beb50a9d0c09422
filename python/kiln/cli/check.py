"""kiln check: tells what is wrong with a kernel, a script's kernels or a program."""

import argparse
import contextlib
import json
import pathlib
import shutil
import sys

from kiln import _check, _checking, _core, _files, _run, _target, findings
from kiln.cli import files, inputs, scripts
from kiln.cli.errors import FAILED, UsageError, describe, shown
from kiln.cli.progress import ProgressBar
from kiln.findings import as_json, kinds, sarif, text

_DESCRIPTION = """\
Checks one kernel of a file, called with --arg's values; every kernel call that a script makes; or a
recorded program. Everything that is found is listed, with the source line and the usual fix. Exit
code: 0 without errors, 1 with errors, 2 for wrong use."""


def add_parser(commands):
    parser = commands.add_parser(
        "check",
        help="find mistakes in a kernel, a script's kernels or a program",
        description=_DESCRIPTION,
        epilog=inputs.FORMS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", nargs="?", metavar="FILE.py | FILE.py:kernel | FILE.kiln")
    parser.add_argument("script_arguments", nargs="*", metavar="ARG", help="for the script")
    parser.add_argument("--arg", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument(
        "--target", metavar="T[,T…]", help="trn1, trn2, trn3, or several (default: as kiln run)"
    )
    parser.add_argument("--compat", help=inputs.COMPAT_HELP)
    parser.add_argument("--grid", type=int, default=None, metavar="N", help="kernel[N]")
    parser.add_argument(
        "--no-execute", action="store_true", help="check what is recorded, without executing it"
    )
    parser.add_argument(
        "--language-only",
        action="store_true",
        help="check the source of the file's kernels; nothing is recorded, no --arg is needed",
    )
    parser.add_argument(
        "--memory",
        nargs="?",
        const="",
        metavar="FILE.svg",
        help="show where tiles lie in SBUF and PSUM, and when; also draw it",
    )
    parser.add_argument(
        "--advice",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="tell what is right but slow or fragile (default: yes)",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--sarif", metavar="FILE", help="write SARIF 2.1.0 there")
    parser.add_argument(
        "--explain",
        nargs="?",
        const="",
        metavar="ID",
        help="print the rule behind an id, with an example and the fix; without an id, list them",
    )
    parser.set_defaults(action=shown(action))


def action(options):
    if options.explain is not None:
        return _explain(options)
    if options.file is None:
        raise UsageError("kiln check: which file? FILE.py, FILE.py:kernel or FILE.kiln")
    path, kernel_name = inputs.split_file(options.file)
    _refuse_what_does_not_fit(path, kernel_name, options)
    targets = inputs.parse_targets(options.target) if options.target else []
    inputs.set_compat(options.compat)
    inputs.existing(path)
    if options.sarif:
        files.writable(options.sarif, "--sarif")
    if options.memory:
        files.writable(options.memory, "--memory")
    found = findings.Report(options.advice)
    # With --json, stdout has nothing but the object.
    quiet = contextlib.redirect_stdout(sys.stderr) if options.json else contextlib.nullcontext()
    with ProgressBar(), quiet:
        code = _check_file(path, kernel_name, targets, options, found)
    _show(found, options)
    return FAILED if found.has_errors else code


def _check_file(path, kernel_name, targets, options, found):
    """Adds to the report; returns an exit code of what was run besides."""
    if path.endswith(".kiln"):
        return _check_program(path, options, found)
    if options.language_only:
        return _check_language(path, kernel_name, found)
    if kernel_name is None:
        return _check_script(path, targets, options, found)
    return _check_kernel(path, kernel_name, targets, options, found)


def _refuse_what_does_not_fit(path, kernel_name, options):
    """Options that would do nothing are mistakes."""
    is_program = path.endswith(".kiln")
    is_script = not is_program and kernel_name is None
    refused = {}
    if is_program:
        inputs.refuse_compat(options.compat)
        why = "is for kernels; a program is what it is"
        refused |= dict.fromkeys(("target", "grid", "language_only"), why)
    if is_script:
        refused |= dict.fromkeys(("arg", "grid"), "needs a kernel: FILE.py:kernel")
    else:
        refused["script_arguments"] = "is for a script"
    if options.language_only:
        why = "does nothing with --language-only, which records nothing"
        names = ("arg", "grid", "target", "compat", "no_execute", "memory", "script_arguments")
        refused |= dict.fromkeys(names, why)
    for name, why in refused.items():
        if getattr(options, name) not in (None, False, []):
            shown_name = "ARG" if name == "script_arguments" else f"--{name.replace('_', '-')}"
            raise UsageError(f"{shown_name} {why}")
    if options.memory and not options.memory.endswith(".svg"):
        raise UsageError(
            f"--memory {options.memory}: a drawing is FILE.svg; for the text alone, put --memory "
            "after the file that is checked"
        )


def _check_language(path, kernel_name, found):
    if kernel_name is None:
        kernels = inputs.load_kernels(path)
    else:
        kernels = [inputs.load_kernel(path, kernel_name)]
    for kernel in kernels:
        found.add(_checking.language(kernel))
    return 0


def _check_kernel(path, name, targets, options, found):
    kernel = inputs.load_kernel(path, name)
    if options.grid is not None:
        kernel = kernel[options.grid]
    values = inputs.parse_arguments(options.arg)
    inputs.bind(kernel, values)
    for target in targets or [None]:
        with _checking.for_target(target):
            found.add(
                _checking.attempt(
                    kernel,
                    _checking.target_of(kernel),
                    lambda: _check.check_call(
                        kernel, lambda: kernel.bind((), values), execute=not options.no_execute
                    ),
                )
            )
    return 0


def _check_script(path, targets, options, found):
    checker = _checking.CallChecker(targets, execute=not options.no_execute)
    with checker.watching():
        code = scripts.run(path, options.script_arguments, _tell)
    for checked in checker.checked:
        found.add(checked)
    if not checker.checked and code == 0:
        raise UsageError(
            f"{path} calls no kernel, so nothing was checked; name one ({path}:kernel --arg …), or "
            "check the source alone (--language-only)"
        )
    return FAILED if code else 0


def _tell(error):
    """Why the script stopped; of a kernel's errors, which are among the findings, only that."""
    if isinstance(error, _run.NkiValidationError):
        return f"the script stopped at the errors of a kernel ({str(error).splitlines()[0]})"
    return describe(error)


def _check_program(path, options, found):
    program, diagnostics = inputs.parsed_program(path)
    target = _target.instance(program.target)
    checked = findings.Checked(program.kernel, target, "refused", diagnostics=diagnostics)
    if not checked.has_errors:
        values = inputs.parse_arguments(options.arg)
        execute = not options.no_execute
        arrays = inputs.program_inputs(program, values) if execute or values else None
        result = _check.check_program(program, arrays, execute=execute)
        checked.outcome, checked.amounts = "checked", result.checked
        checked.memory = result.memory
        # Reading the program may have found some of it already.
        checked.diagnostics += [d for d in result.diagnostics if d not in diagnostics]
    found.add(checked)
    return 0


def _show(found, options):
    drawings = _drawings(found, options.memory)
    if options.json:
        print(json.dumps(as_json.report(found), indent=2))
    else:
        paint = text.Paint.for_stream(sys.stdout)
        sys.stdout.write(text.report(found, paint))
        if options.memory is not None:
            _print_memory(found, drawings)
        print("\n".join(text.summary(found, paint)))
    if options.sarif:
        _write("--sarif", options.sarif, json.dumps(sarif.report(found), indent=2) + "\n")
    for path, content in drawings:
        _write("--memory", path, content)


def _drawings(found, name):
    """(path, SVG) of each core's memory: FILE.svg; FILE-0.svg, … if there are several."""
    if not name:
        return []
    from kiln import memory

    path = pathlib.Path(name)
    several = len(found.memory) > 1
    return [
        (path.with_stem(f"{path.stem}-{i}") if several else path, memory.svg(report))
        for i, (_, _, report) in enumerate(found.memory)
    ]


def _print_memory(found, drawings):
    from kiln import memory

    columns = shutil.get_terminal_size((100, 24)).columns
    for number, (checked, core, report) in enumerate(found.memory):
        drawn = f", drawn in {drawings[number][0]}" if drawings else ""
        print(f"memory of {checked.kernel} on core {core} for {checked.target}{drawn}")
        print(f"{memory.text(report, columns)}\n")
    if not found.memory:
        print("no memory to show: nothing was recorded without errors\n")


def _write(option, path, content):
    try:
        _files.write_text(path, content)
    except OSError as error:
        raise UsageError(f"{option} {path}: {error.strerror or error}") from None


def _explain(options):
    if options.explain == "":
        listed = list(kinds.known().values())
        print(json.dumps(listed, indent=2) if options.json else text.listing(), end="")
        print(end="\n" if options.json else "")
        return 0
    kind = kinds.known().get(options.explain)
    if kind is None:
        near = _core.nearest(options.explain, list(kinds.known()))
        hint = f"did you mean {near}?" if near else "kiln check --explain lists them"
        raise UsageError(f"--explain {options.explain}: there is no such id; {hint}")
    if options.json:
        print(json.dumps(kind, indent=2))
    else:
        sys.stdout.write(text.explanation(kind, text.Paint.for_stream(sys.stdout)))
    return 0
