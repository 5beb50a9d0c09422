"""`import nki` where Kiln's package folder is on the path: the nki that is installed further along
the path if there is one, else Kiln's.

Stands aside in both cases: the package it found takes its place in sys.modules.
"""

import importlib.util
import os
import sys


def _installed():
    """The spec of another nki behind this folder's entry in sys.path, or None."""
    own = os.path.dirname(os.path.dirname(__spec__.origin))
    entries = [os.path.abspath(entry) for entry in sys.path]
    behind = sys.path[entries.index(own) + 1 :] if own in entries else []
    for finder in sys.meta_path:
        spec = finder.find_spec("nki", behind)
        # A folder that is merely called nki has no origin.
        if spec is not None and spec.origin not in (None, __spec__.origin):
            return spec
    return None


def _stand_aside():
    spec = _installed()
    if spec is None:
        import kiln

        kiln.install()
        return
    module = importlib.util.module_from_spec(spec)
    sys.modules["nki"] = module
    spec.loader.exec_module(module)


_stand_aside()
