"""Rules on Python's syntax. docs/decisions/0016_language_gate.md has the evidence for each line."""

import ast

from kiln import _compat
from kiln.gate import kinds, origins
from kiln.gate.scopes import UNKNOWN

# What the language guide's control flow and values leave out, and the compiler's front end refuses
# by name: (what is seen, what to write instead).
_ERRORS = {
    "Try": ("try", "if and else, and assert for what must hold"),
    "TryStar": ("try", "if and else, and assert for what must hold"),
    "Raise": ("raise", "assert for what must hold"),
    "Match": ("match", "if and elif"),
    "AsyncFunctionDef": ("async def", "def"),
    "AsyncFor": ("async for", "for"),
    "AsyncWith": ("async with", "plain statements"),
    "Await": ("await", "a plain call"),
    "Yield": ("yield", "a list that the function returns"),
    "YieldFrom": ("yield from", "a list that the function returns"),
    "Import": ("import in a function", "an import at the top of the file"),
    "ImportFrom": ("import in a function", "an import at the top of the file"),
    "ClassDef": ("class in a function", "a class at the top of the file"),
}
# What the documents do not mention, and the compiler's public front end refuses.
_DOUBTFUL = {
    "Lambda": ("lambda", "a def with a name"),
    "ListComp": ("a list comprehension", "a for loop that appends"),
    "SetComp": ("a set comprehension", "a for loop that appends to a list"),
    "DictComp": ("a dict comprehension", "a for loop that assigns"),
    "GeneratorExp": ("a generator expression", "a for loop that appends"),
    "NamedExpr": (":=", "an assignment before"),
    "Starred": ("* in front of a value", "the elements, one by one"),
    "Delete": ("del", "nothing, or another name"),
    "Nonlocal": ("nonlocal", "a return value, or a list that is changed"),
    "TypeAlias": ("type", "a plain assignment"),
    "MatMult": ("@", "nisa.nc_matmul for tensors"),
}
_DECORATORS = ("jit", "staticmethod", "dataclass")


def signature(walk, node, is_kernel):
    """The parameters of a kernel, or of a function that it calls."""
    if is_kernel and isinstance(node, ast.Lambda):
        _doubtful(walk, node)
    arguments = node.args
    for star, text in ((arguments.vararg, "*"), (arguments.kwarg, "**")):
        if star:
            walk.add(
                *(kinds.doubtful_construct, star),
                f"{text}{star.arg} takes any arguments; the compiler wants each by its name",
                "name the parameters",
            )
    if arguments.kwonlyargs and not is_kernel:
        walk.add(
            *(kinds.doubtful_construct, arguments.kwonlyargs[0]),
            "keyword-only parameters follow *; kernels must not have them",
            "leave out the * and give the parameters after it defaults",
        )
    if not is_kernel:
        return
    if arguments.kwonlyargs:
        walk.add(
            *(kinds.unsupported_construct, arguments.kwonlyargs[0]),
            "keyword-only parameters follow *; a kernel's signature has no *",
            "leave out the * and move the parameters with defaults to the end",
        )
    for default in (*arguments.defaults, *arguments.kw_defaults):
        if isinstance(default, ast.List):
            walk.add(
                *(kinds.unsupported_construct, default),
                "a list is the default of a kernel's argument; arguments of kernels are tuples",
                "write a tuple",
            )


def _outside(walk, node):
    what, instead = _ERRORS[type(node).__name__]
    report = walk.add_head if isinstance(node, ast.stmt) else walk.add
    report(
        *(kinds.unsupported_construct, node),
        f"{what} is not part of NKI's language, whose statements are assignments, calls, if, for, "
        "while, assert and return",
        f"use {instead}",
    )


def _doubtful(walk, node):
    what, instead = _DOUBTFUL[type(node).__name__]
    report = walk.add_head if isinstance(node, ast.stmt) else walk.add
    report(
        *(kinds.doubtful_construct, node),
        f"{what} is not known to build for the device",
        f"use {instead}",
    )


def _matmult(walk, node):
    if isinstance(node.op, ast.MatMult):
        what, instead = _DOUBTFUL["MatMult"]
        walk.add(
            *(kinds.doubtful_construct, node),
            f"{what} is not known to build for the device",
            f"use {instead}",
        )


def _with(walk, node):
    """with nl.no_reorder(): is the only one."""
    item = node.items[0]
    call = item.context_expr
    context = walk.value(call.func) if isinstance(call, ast.Call) else UNKNOWN
    if len(node.items) > 1 or not origins.is_nki(context):
        walk.add_head(
            *(kinds.unsupported_construct, node),
            "with is not part of NKI's language but for with nl.no_reorder()",
            "call what opens and closes the context outside of the kernel",
        )
    elif item.optional_vars or call.args or call.keywords:
        walk.add_head(
            *(kinds.doubtful_construct, node),
            "with has one call without arguments and no `as` in a kernel",
            "write with nl.no_reorder():",
        )


def _compare(walk, node):
    """`is` with None is ==, and so is any other `is`."""
    sides = [node.left, *node.comparators]
    for i, op in enumerate(node.ops):
        if not isinstance(op, (ast.Is, ast.IsNot)) or any(map(_is_none, sides[i : i + 2])):
            continue
        seen, meant = ("is", "==") if isinstance(op, ast.Is) else ("is not", "!=")
        walk.add(
            *(kinds.doubtful_construct, node),
            f"`{seen}` compares identity, which NKI does not have; it is compiled as {meant}",
            f"write {meant}",
        )


def _is_none(node):
    return isinstance(node, ast.Constant) and node.value is None


def _loop(walk, node):
    kind = "while" if isinstance(node, ast.While) else "for"
    if node.orelse:
        walk.add_head(
            *(kinds.doubtful_construct, node.orelse[0]),
            f"{kind} has an else, which is not known to build for the device",
            "set a variable in the loop and ask it afterwards",
        )
    if kind == "for" and isinstance(node.iter, ast.Call):
        function = walk.value(node.iter.func)
        if origins.name_of(function) == "nki.language.dynamic_range":
            _leaves(walk, node.body, in_loop=False)


def _leaves(walk, body, in_loop):
    """Statements that leave the body of a loop on the device, or an iteration of it."""
    for node in body:
        leaves = isinstance(node, ast.Return)
        leaves = leaves or (isinstance(node, (ast.Break, ast.Continue)) and not in_loop)
        if leaves:
            name = type(node).__name__.lower()
            walk.add(
                *(kinds.doubtful_construct, node),
                f"{name} in a loop that runs on the device, whose body runs to its end",
                "use range, or let the body do nothing where it should",
            )
        if isinstance(node, (ast.For, ast.While)):
            _leaves(walk, [*node.body, *node.orelse], in_loop=True)
        elif isinstance(node, (ast.If, ast.With)):
            _leaves(walk, [*node.body, *getattr(node, "orelse", [])], in_loop)


def _function(walk, node):
    """A function in a function, such as the body that nl.fori_loop takes."""
    if walk.checker.compat != _compat.DEFAULT:
        walk.add_head(
            *(kinds.doubtful_construct, node),
            f"{node.name} is a function in a function, which builds since NKI {_compat.DEFAULT}",
            "move it to the top of the file",
        )
    for decorator in node.decorator_list:
        check_decorator(walk, decorator)
    signature(walk, node, is_kernel=False)


def check_decorator(walk, node, source=None):
    """Of a function or class that a kernel defines or uses; the source is the walk's if not
    given."""
    name = node.func if isinstance(node, ast.Call) else node
    last = name.attr if isinstance(name, ast.Attribute) else getattr(name, "id", None)
    if last not in _DECORATORS:
        walk.report.add(
            *(kinds.doubtful_construct, (source or walk.source).place(node)),
            f"decorator @{ast.unparse(name)}; the compiler knows staticmethod, dataclass and "
            "nki.jit",
            "call the function without its decorator",
        )


def _call(walk, node):
    for keyword in node.keywords:
        if keyword.arg is None:
            walk.add(
                *(kinds.doubtful_construct, keyword.value),
                "** in front of an argument is not known to build for the device",
                "write each argument by its name",
            )


def _format(walk, node):
    if node.format_spec is not None:
        walk.add(
            *(kinds.doubtful_construct, node),
            "an f-string has a format after :, which is not known to build for the device",
            "leave it out, or format the text before",
        )


RULES = {name: [_outside] for name in _ERRORS}
RULES |= {name: [_doubtful] for name in _DOUBTFUL if name != "MatMult"}
RULES |= {
    "BinOp": [_matmult],
    "With": [_with],
    "Compare": [_compare],
    "For": [_loop],
    "While": [_loop],
    "FunctionDef": [_function],
    "Call": [_call],
    "FormattedValue": [_format],
}
