"""The walk over a function's body: it keeps the scope and asks the rules at each node."""

import ast

from kiln.gate import classes, constructs, names, outside, purity, scopes, values
from kiln.gate.sources import FUNCTIONS

RULES = {}
for _module in (constructs, names, outside, purity, values):
    for _kind, _rules in _module.RULES.items():
        RULES.setdefault(_kind, []).extend(_rules)


class Walk:
    """One function that is checked. Rules get this and a node."""

    def __init__(self, checker, source, node, environment, is_kernel):
        self.checker = checker
        self.report = checker.report
        self.source = source
        self.node = node
        self.scope = scopes.Scope(node, environment)
        self.environment = environment
        self.is_kernel = is_kernel
        self.subject = getattr(node, "name", "a lambda")  # for messages
        self.dictionaries = values.local_dictionaries(node)
        self.branches = 0  # around the node: it may not be evaluated
        self.types_only = set()  # ids of nodes that isinstance compares with
        self.told = set()  # ids of names whose objects are changed, which is a finding already

    def run(self):
        constructs.signature(self, self.node, self.is_kernel)
        if not self.is_kernel:
            for decorator in getattr(self.node, "decorator_list", ()):
                constructs.check_decorator(self, decorator)
        for argument in (*self.node.args.posonlyargs, *self.node.args.args):
            classes.of_annotation(self, argument.annotation)
        body = self.node.body if isinstance(self.node.body, list) else [self.node.body]
        for child in body:
            self._visit(child)

    def add(self, kind, node, message, fix=None):
        self.report.add(kind, self.source.place(node), message, fix)

    def add_head(self, kind, node, message, fix=None):
        """As add, with the node's first line for its place."""
        self.report.add(kind, self.source.head(node), message, fix)

    def advise(self, kind, node, message, fix=None):
        """As add, once for this function."""
        where = (self.source.path, self.node.lineno)
        self.report.add_once(kind, self.source.place(node), message, where, fix)

    def value(self, node):
        """The object that a node is, UNKNOWN or MISSING."""
        return self.scope.value(node)

    def _visit(self, node):
        for rule in RULES.get(type(node).__name__, ()):
            rule(self, node)
        if isinstance(node, ast.ClassDef):
            return  # its place in a function is what is wrong
        if isinstance(node, (*FUNCTIONS, ast.Lambda)):
            self._enter(node)
            return
        always = _always_evaluated(node)
        for child in ast.iter_child_nodes(node):
            if isinstance(node, ast.AnnAssign) and child is node.annotation:
                continue
            self.branches += child not in always
            self._visit(child)
            self.branches -= child not in always

    def _enter(self, node):
        """A function in the function: its defaults are evaluated here, its body in its scope."""
        defaults = [d for d in (*node.args.defaults, *node.args.kw_defaults) if d is not None]
        for default in defaults:
            self._visit(default)
        outer = self.scope
        self.scope = scopes.Scope(node, outer)
        for child in node.body if isinstance(node.body, list) else [node.body]:
            self._visit(child)
        self.scope = outer


def _always_evaluated(node):
    """The children of a node that are evaluated whenever it is."""
    if isinstance(node, (ast.If, ast.IfExp, ast.While)):
        return [node.test]
    if isinstance(node, ast.BoolOp):
        return node.values[:1]
    return list(ast.iter_child_nodes(node))
