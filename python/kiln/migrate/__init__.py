"""Rewrites kernels of older NKI to today's form: of beta 2 (NKI 0.2), and what later releases
deprecated with a documented successor.

It edits what it understands and lists the rest, line by line, with the reason. It works on the
concrete syntax tree, so that formatting and comments stay; nothing is run.
"""

import dataclasses

import libcst as cst
from libcst import metadata

from kiln.migrate.module import Module
from kiln.migrate.rewriter import Rewriter


@dataclasses.dataclass(frozen=True)
class Note:
    """A line that is left as it is, or that needs a look, and why."""

    line: int
    reason: str


@dataclasses.dataclass(frozen=True)
class Migration:
    """What a file becomes."""

    text: str
    notes: list  # of Note, in the order of lines

    def changes(self, source):
        return self.text != source


def migrate(source, is_beta2=None):
    """The Migration of a file's text.

    `is_beta2` says whether the file is of NKI beta 2, where calls with positional arguments mean
    something else; None: if it uses that dialect's names. Raises SyntaxError for what is no Python.
    """
    try:
        tree = cst.parse_module(source)
    except cst.ParserSyntaxError as error:
        raise SyntaxError(f"line {error.raw_line}: {error.message}") from None
    wrapper = metadata.MetadataWrapper(tree)
    module = Module(wrapper, is_beta2)
    rewriter = Rewriter(module)
    changed = module.add_imports(wrapper.visit(rewriter))
    notes = sorted({Note(line, reason) for line, reason in module.notes}, key=lambda n: n.line)
    return Migration(changed.code, notes)
