"""What the command line shows of failures."""

import sys

from kiln import _run

USAGE = 2
FAILED = 1


class UsageError(Exception):
    """Wrong arguments; shown in one line."""


def shown(action):
    """Wraps a subcommand's action: failures become messages and exit codes."""

    def run(options):
        try:
            return action(options)
        except UsageError as error:
            print(f"kiln: {error}", file=sys.stderr)
            return USAGE
        except _run.NkiValidationError as error:
            print(f"kiln: {error}", file=sys.stderr)
            return FAILED
        except (KeyboardInterrupt, BrokenPipeError):
            raise
        except Exception as error:
            print(f"kiln: {describe(error)}", file=sys.stderr)
            return FAILED

    return run


def describe(error):
    """The exception, the kernel's own line that raised it, and what is known about the call."""
    lines = [f"{type(error).__name__}: {error}"]
    where = _run.origin(error)
    if where:
        lines.append(f"  {where.filename}:{where.lineno}: in {where.name}\n    {where.line}")
    lines += [f"  {note}" for note in getattr(error, "__notes__", [])]
    return "\n".join(lines)
