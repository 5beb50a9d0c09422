"""kiln text: prints a program."""

import argparse
import sys

from kiln import _compat, _run, _target
from kiln.cli import inputs
from kiln.cli.errors import UsageError, shown


def add_parser(commands):
    parser = commands.add_parser(
        "text",
        help="print a kernel's program, or check and reprint a .kiln file",
        epilog=inputs.FORMS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", metavar="FILE.py:kernel | FILE.kiln")
    parser.add_argument("--arg", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--target", help="trn1, trn2 or trn3 (default: environment, then trn2)")
    parser.add_argument("--compat", help=inputs.COMPAT_HELP)
    parser.add_argument("--no-locations", action="store_true", help="without source lines")
    parser.set_defaults(action=shown(action))


def action(options):
    path, name = inputs.split_file(options.file)
    if path.endswith(".kiln"):
        inputs.refuse_compat(options.compat)
        program = inputs.valid_program(inputs.existing(path))
    elif name is None:
        raise UsageError(f"{path}: which kernel? write {path}:NAME")
    else:
        _target.override = options.target
        inputs.set_compat(options.compat)
        program = _record(path, name, options)
    sys.stdout.write(program.text(not options.no_locations))
    return 0


def _record(path, name, options):
    kernel = inputs.load_kernel(path, name)
    bound = inputs.bind(kernel, inputs.parse_arguments(options.arg))
    try:
        choice = _compat.choose(kernel.fn, kernel.compat)
        call = _run.new_call(kernel, choice)
    except ValueError as error:
        raise UsageError(str(error)) from None
    program, _ = _run.record(call, kernel.fn, bound, _run.Inputs(), choice)
    return program
