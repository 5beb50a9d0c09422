"""Where the command line is asked to write."""

import os
import pathlib

from kiln.cli.errors import UsageError


def writable(path, option):
    """The path, if a file can be written there; so that a long check does not end in a refusal."""
    path = pathlib.Path(path)
    if path.is_dir():
        raise UsageError(f"{option} {path}: that is a folder")
    if not path.parent.is_dir():
        raise UsageError(f"{option} {path}: there is no folder {path.parent}")
    if not os.access(path.parent, os.W_OK):
        raise UsageError(f"{option} {path}: the folder cannot be written")
    return path
