"""Loops at run time: `for i in nl.dynamic_range(…)` to nl.fori_loop, `while register:` to
nl.while_loop. Their body becomes a function, which is safe if it neither leaves the loop nor shares
Python variables with what comes before and after it."""

import libcst as cst
from libcst import matchers as m

from kiln.migrate import flow
from kiln.migrate.module import argument


def counted(module, original, loop):
    """The statements instead of a for loop, or the loop."""
    if not isinstance(original.iter, cst.Call):
        return loop
    if module.name_of(original.iter.func) != "nki.language.dynamic_range":
        return loop
    call = loop.iter
    start, stop = argument(call, "start", 0), argument(call, "stop", 1)
    step = argument(call, "step", 2)
    reason = _obstacle(module, original, original.target)
    if reason is None:
        reason = _misused(original.body, original.target.value)
    if reason is None and (start is None or any(arg.star for arg in call.args)):
        reason = "its bounds are not looked into"
    if reason is not None:
        module.note(original, f"dynamic_range is left: {reason}")
        return loop
    lower = start.value if stop else cst.Integer("0")
    upper = stop.value if stop else start.value
    name = _new_name(module, original)
    arguments = [cst.Arg(lower), cst.Arg(upper), cst.Arg(cst.Name(name))]
    if step is not None:
        arguments.append(cst.Arg(step.value))
    return _as_function(module, loop, name, loop.target, ("fori_loop", arguments))


def conditional(module, original, loop):
    """The statements instead of a while loop on a register, or the loop."""
    if not isinstance(original.test, cst.Name) or not module.is_register(original.test):
        return loop
    reason = _obstacle(module, original, original.test)
    if reason is not None:
        module.note(original, f"while on a register is left: {reason}")
        return loop
    name = _new_name(module, original)
    register = loop.test.value
    back = cst.SimpleStatementLine([cst.Return(cst.Name(register))])
    loop = loop.with_changes(body=loop.body.with_changes(body=[*loop.body.body, back]))
    arguments = [cst.Arg(cst.Name(register)), cst.Arg(cst.Name(name))]
    return _as_function(module, loop, name, loop.test, ("while_loop", arguments))


def _as_function(module, loop, name, parameter, call):
    loop_function, arguments = call
    function = cst.FunctionDef(
        name=cst.Name(name),
        params=cst.Parameters([cst.Param(cst.Name(parameter.value))]),
        body=loop.body,
        leading_lines=loop.leading_lines or [cst.EmptyLine(indent=False)],
    )
    line = cst.SimpleStatementLine(
        [cst.Expr(cst.Call(module.expression(f"nki.language.{loop_function}"), arguments))],
        leading_lines=[cst.EmptyLine(indent=False)],
    )
    return cst.FlattenSentinel([function, line])


def _obstacle(module, loop, target):
    """Why the loop's body cannot become a function of the target; None if it can."""
    if not isinstance(target, cst.Name):
        return "its target is not one name"
    if loop.orelse is not None:
        return "it has an else"
    if not isinstance(loop.body, cst.IndentedBlock):
        return "its body is on the same line"
    function = module.function_of(loop)
    if function is None:
        return "it is in no function"
    if _leaves(loop.body):
        return "its body leaves it"
    if m.findall(loop.body, m.Global() | m.Nonlocal() | m.NamedExpr() | m.Del()):
        return "its body declares or deletes names"
    names = flow.stored(loop.body) | {target.value}
    later = sorted(names & _live_after(function, loop))
    if later:
        return f"{later[0]} is also used after it"
    carried = sorted(names & flow.exposed(loop.body.body, {target.value})[0])
    if carried:
        return f"{carried[0]} is carried from one iteration to the next"
    return None


class _Exits(cst.CSTVisitor):
    """Whether a statement, not of an inner function, leaves the loop or the function."""

    def __init__(self):
        self.found = False
        self._depth = 0  # of inner loops

    def visit_FunctionDef(self, node):
        return False

    def visit_Lambda(self, node):
        return False

    def visit_For(self, node):
        self._depth += 1

    def leave_For(self, original_node):
        self._depth -= 1

    visit_While, leave_While = visit_For, leave_For

    def visit_Break(self, node):
        self.found |= self._depth == 0

    visit_Continue = visit_Break

    def visit_Return(self, node):
        self.found = True

    visit_Yield = visit_Return


def _leaves(body):
    exits = _Exits()
    body.visit(exits)
    return exits.found


def _live_after(function, loop):
    """The names whose values the function may read after the loop, or before it runs again."""
    live = set()
    node = loop
    for parent in _ancestors(function.body, loop):
        if isinstance(parent, cst.IndentedBlock):
            at = next(i for i, statement in enumerate(parent.body) if statement is node)
            live |= flow.exposed(parent.body[at + 1 :])[0]
        elif isinstance(parent, (cst.For, cst.While)):
            head = parent.iter if isinstance(parent, cst.For) else parent.test
            live |= flow.exposed(parent.body.body)[0] | flow.reads(head)
        node = parent
    return live


def _ancestors(top, node):
    """The nodes that contain a node, from its parent up to the top."""
    for child in top.children:
        if child is node:
            return [top]
        found = _ancestors(child, node)
        if found:
            return [*found, top]
    return []


def _misused(body, name):
    """Why the loop variable is used as a register cannot be; None if it is not."""
    uses = m.BinaryOperation(left=m.Name(name)) | m.BinaryOperation(right=m.Name(name))
    if m.findall(body, uses):
        return f"{name} is computed with"
    return f"{name} is written" if name in flow.stored(body) else None


def _new_name(module, loop):
    """A name for the body that its function does not use."""
    function = module.function_of(loop)
    used = {node.value for node in m.findall(function, m.Name())}
    taken = module.function_names.setdefault(function, set())
    number = 1
    while True:
        name = "body" if number == 1 else f"body_{number}"
        if name not in used | taken:
            taken.add(name)
            return name
        number += 1
