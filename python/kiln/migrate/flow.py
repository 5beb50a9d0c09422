"""Which Python variables a block of statements needs from before, and which it binds.

What may run is taken to run or not, whichever is worse: a variable that is bound in one branch only
counts as needed by what reads it afterwards.
"""

import libcst as cst
from libcst import matchers as m

_COMPREHENSIONS = (cst.ListComp, cst.SetComp, cst.DictComp, cst.GeneratorExp)


def exposed(statements, bound=frozenset()):
    """(names that are read before the statements bind them, names that they bind for certain)."""
    needed = set()
    bound = set(bound)
    for statement in statements:
        more, binds = _statement(statement, bound)
        needed |= more
        bound |= binds
    return needed, bound


def stored(node):
    """All names that a node's statements may bind."""
    names = set()
    for target in m.findall(node, m.AssignTarget()):
        names |= names_in(target.target)
    for each in m.findall(node, m.AugAssign() | m.AnnAssign() | m.For()):
        names |= names_in(each.target)
    for each in m.findall(node, m.FunctionDef() | m.ClassDef()):
        names.add(each.name.value)
    for each in m.findall(node, m.AsName()):
        names |= names_in(each.name)
    return names


def names_in(target):
    """The names that a target binds; a subscript or an attribute binds none."""
    if isinstance(target, cst.Name):
        return {target.value}
    if isinstance(target, (cst.Tuple, cst.List)):
        return set().union(*(names_in(element.value) for element in target.elements))
    if isinstance(target, cst.StarredElement):
        return names_in(target.value)
    return set()


def reads(node):
    """The names that an expression, or anything that is evaluated, reads."""
    if isinstance(node, cst.Name):
        return {node.value}
    if isinstance(node, cst.Attribute):
        return reads(node.value)
    if isinstance(node, cst.Arg):
        return reads(node.value)
    if isinstance(node, cst.Lambda):
        own = {p.name.value for p in m.findall(node.params, m.Param())}
        return reads(node.body) - own
    if isinstance(node, _COMPREHENSIONS):
        own = set().union(*(names_in(each.target) for each in m.findall(node, m.CompFor())))
        return _children(node) - own
    if isinstance(node, cst.FunctionDef):
        own = {p.name.value for p in m.findall(node.params, m.Param())} | stored(node.body)
        return (_children(node.body) - own) | _children(node.params) - own
    return _children(node)


def _children(node):
    return set().union(*(reads(child) for child in node.children)) if node.children else set()


def _statement(node, bound):
    """(names needed, names bound for certain) of one statement."""
    if isinstance(node, cst.SimpleStatementLine):
        return _in_order(node.body, bound)
    if isinstance(node, cst.If):
        return _branches(node, bound)
    if isinstance(node, (cst.For, cst.While)):
        head = reads(node.iter if isinstance(node, cst.For) else node.test)
        target = names_in(node.target) if isinstance(node, cst.For) else set()
        needed, _ = _block(node.body, bound | target)
        if node.orelse is not None:
            needed |= _block(node.orelse.body, bound)[0]
        return (head - bound) | needed, set()
    if isinstance(node, cst.With):
        binds = set()
        head = set()
        for item in node.items:
            head |= reads(item.item) - bound
            binds |= names_in(item.asname.name) if item.asname else set()
        needed, inner = _block(node.body, bound | binds)
        return head | needed, binds | inner
    if isinstance(node, (cst.FunctionDef, cst.ClassDef)):
        return reads(node) - bound, {node.name.value}
    return reads(node) - bound, set()


def _block(block, bound):
    statements = block.body
    if isinstance(block, cst.SimpleStatementSuite):
        return _in_order(statements, bound)
    return exposed(statements, bound)


def _branches(node, bound):
    needed = reads(node.test) - bound
    more, binds = _block(node.body, bound)
    needed |= more
    if node.orelse is None:
        return needed, set()
    if isinstance(node.orelse, cst.If):
        more, others = _branches(node.orelse, bound)
    else:
        more, others = _block(node.orelse.body, bound)
    return needed | more, binds & others


def _in_order(smalls, bound):
    """The same of simple statements on one line."""
    needed, own = set(), set()
    for small in smalls:
        if isinstance(small, cst.Assign):
            read, binds = reads(small.value), set()
            for target in small.targets:
                names = names_in(target.target)
                binds |= names
                read |= reads(target.target) - names
        elif isinstance(small, cst.AugAssign):
            read = reads(small.value) | reads(small.target)
            binds = names_in(small.target)
        elif isinstance(small, cst.AnnAssign):
            read = reads(small.value) if small.value else set()
            binds = names_in(small.target) if small.value else set()
        else:
            read, binds = reads(small), set()
        needed |= read - bound - own
        own |= binds
    return needed, own
