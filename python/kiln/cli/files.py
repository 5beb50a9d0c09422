"""Files that the command line writes: whole or not at all."""

import os
import pathlib
import tempfile

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


def write_text(path, text):
    """The file is the old one or the new one, never a part."""
    path = pathlib.Path(path)
    umask = os.umask(0)
    os.umask(umask)
    with tempfile.NamedTemporaryFile(
        "w", dir=path.parent, suffix=".part", delete=False, encoding="utf-8"
    ) as file:
        try:
            file.write(text)
            file.flush()
            os.fchmod(file.fileno(), 0o666 & ~umask)
            os.replace(file.name, path)
        except BaseException:
            os.unlink(file.name)
            raise
