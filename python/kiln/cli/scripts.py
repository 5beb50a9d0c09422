"""A script, run as Python would run it."""

import pathlib
import runpy
import sys

import kiln
from kiln.cli.errors import FAILED, describe


def run(path, arguments, tell=describe):
    """Runs the file as `python FILE.py` would, with Kiln's nki; returns its exit code.

    An exception that ends it is told on stderr, as tell(error), and the code is 1.
    """
    kiln.install()
    sys.argv = [path, *arguments]
    sys.path.insert(0, str(pathlib.Path(path).resolve().parent))
    try:
        runpy.run_path(path, run_name="__main__")
    except SystemExit as exit_:
        return _code(exit_.code)
    except KeyboardInterrupt:
        raise
    except Exception as error:
        print(f"kiln: {tell(error)}", file=sys.stderr)
        return FAILED
    return 0


def _code(code):
    if code is None or isinstance(code, int):
        return code or 0
    print(code, file=sys.stderr)
    return FAILED
