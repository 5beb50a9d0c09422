"""Files that Kiln writes: whole or not at all."""

import os
import pathlib
import tempfile


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
