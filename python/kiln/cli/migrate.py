"""kiln migrate: rewrites a kernel file to today's NKI."""

import difflib
import os
import pathlib
import shutil
import sys
import tempfile

from kiln.cli import inputs
from kiln.cli.errors import FAILED, UsageError, shown

_OLD = {None: None, "beta2": True, "0.3": False}


def add_parser(commands):
    parser = commands.add_parser(
        "migrate",
        help="rewrite a file of older NKI to today's form",
        description="Prints the edit of a file of NKI beta 2 or 0.3 to today's form, as a diff. "
        "Lines that it does not understand stay as they are and are listed with the reason; then "
        "the exit code is 1.",
    )
    parser.add_argument("file", metavar="FILE.py")
    parser.add_argument("--write", action="store_true", help="change the file")
    parser.add_argument(
        "--from",
        dest="old",
        choices=["beta2", "0.3"],
        help="what the file is; else beta2 if it uses that dialect's names",
    )
    parser.set_defaults(action=shown(action))


def action(options):
    path = pathlib.Path(inputs.existing(options.file))
    try:
        from kiln import migrate
    except ModuleNotFoundError as error:
        raise UsageError(f"kiln migrate needs {error.name}: pip install libcst") from None
    with path.open(encoding="utf-8", newline="") as file:
        source = file.read()
    try:
        migration = migrate.migrate(source, _OLD[options.old])
    except SyntaxError as error:
        raise UsageError(f"{path}: {error.msg}") from None
    sys.stdout.writelines(_diff(path, source, migration.text))
    if options.write and migration.changes(source):
        _write(path.resolve(), migration.text)
    for note in migration.notes:
        print(f"{path}:{note.line}: {note.reason}", file=sys.stderr)
    if not migration.changes(source):
        print(f"{path}: nothing to change", file=sys.stderr)
    return FAILED if migration.notes else 0


def _diff(path, old, new):
    lines = (text.splitlines(keepends=True) for text in (old, new))
    for line in difflib.unified_diff(*lines, f"a/{path}", f"b/{path}"):
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _write(path, text):
    """The file is the old one or the new one, never a part."""
    with tempfile.NamedTemporaryFile(
        "w", dir=path.parent, suffix=".part", delete=False, encoding="utf-8", newline=""
    ) as file:
        try:
            file.write(text)
            shutil.copymode(path, file.name)
        except BaseException:
            os.unlink(file.name)
            raise
    os.replace(file.name, path)
