"""The command line: one module a subcommand."""

import argparse
import os
import sys

from kiln import __version__
from kiln.cli import api, check, ls, migrate, profile, run, text, validate_timing


def main(arguments=None):
    """Runs the command; returns the exit code: 0, 1 for a kernel's errors, 2 for wrong use."""
    parser = argparse.ArgumentParser(
        prog="kiln", description="Runs NKI kernels on the machine you have."
    )
    parser.add_argument("--version", action="version", version=f"kiln {__version__}")
    commands = parser.add_subparsers(title="commands", dest="command", metavar="COMMAND")
    for module in (run, check, profile, validate_timing, text, ls, api, migrate):
        module.add_parser(commands)
    options = parser.parse_args(arguments)
    if options.command is None:
        parser.print_help(sys.stderr)
        return 2
    try:
        return options.action(options)
    except KeyboardInterrupt:
        print("kiln: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader has gone; what is still buffered for it goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
