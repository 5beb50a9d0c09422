"""Lets a plain `import nki` find Kiln's, where no other nki is installed.

Imported at interpreter start by kiln.pth; must stay small.
"""

import importlib.abc
import importlib.machinery
import sys


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Asked last, so that any installed nki comes first."""

    def find_spec(self, name, path, target=None):
        if name != "nki":
            return None
        return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec):
        import kiln

        return kiln.install()

    def exec_module(self, module):
        pass


if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
    sys.meta_path.append(_Finder())
