"""Which tests exercise a public name, found by reading them.

A Python test exercises what it reaches through nki's modules, also in source that it holds as a
string; what tensors and instructions have counts in functions that use nki. A program in text form
exercises its instructions, operators and types. A C++ test exercises nisa:: and nl:: functions and
the instructions that it names.
"""

import ast
import re

from kiln import _core

_MODULES = ("nki", "nki.isa", "nki.language", "nki.collectives")
_INSTRUCTIONS = ("nki.isa", "nki.collectives")
_OPERATOR = _core.language.Operator
_CLASSES = ("nki.language.NkiTensor", "nki.isa.NkiInstruction")
_CPP_NAME = re.compile(r"\b(nisa|nl)::(\w+)|\b([A-Z]\w+)\b")
_WORD = re.compile(r"\w+")
# A C++ test that goes through the table of operators exercises them all.
_ALL_OPERATORS = "all_ops()"


def files_by_name(root):
    """{public name: paths of the test files that exercise it, sorted}."""
    found = {}
    for pattern, reader in (
        ("tests/**/*.py", _in_python),
        ("tests/**/*.kiln", _in_program),
        ("kiln/**/*_test.cpp", _in_cpp),
    ):
        for path in sorted(root.glob(pattern)):
            for name in reader(path.read_text()):
                found.setdefault(name, []).append(str(path.relative_to(root)))
    return found


def _in_program(text):
    names = set()
    for line in text.splitlines():
        if line.startswith(";"):
            continue
        words = _WORD.findall(line)
        names.update(f"{module}.{word}" for module in _INSTRUCTIONS for word in words[:1])
        names.update(f"nki.language.{word}" for word in words[1:])
    return names


def _in_cpp(text):
    names = set()
    if _ALL_OPERATORS in text:
        operators = vars(_core.language).items()
        names = {f"nki.language.{n}" for n, v in operators if isinstance(v, _OPERATOR)}
    for space, name, type_name in _CPP_NAME.findall(text):
        if name:
            names.add(f"nki.{'isa' if space == 'nisa' else 'language'}.{name}")
        else:  # DmaCopy is dma_copy
            snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", type_name).lower()
            names.update(f"{module}.{snake}" for module in _INSTRUCTIONS)
    return names


def _in_python(text):
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return set()
    names = set()
    modules, direct = _imports(tree)
    names.update(direct.values())
    _visit(tree, modules, direct, names)
    names |= _by_string(tree, modules)
    for text in _strings(tree):
        if "nki" in text and "\n" in text:
            names |= _in_python(text)
    return names


def _strings(tree):
    nodes = (n for n in ast.walk(tree) if isinstance(n, ast.Constant))
    return [n.value for n in nodes if isinstance(n.value, str)]


def _by_string(tree, modules):
    """What a test that calls getattr(nl, name) names in strings."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "getattr":
            module = modules.get(ast.unparse(node.args[0]))
            if module:
                names.update(f"{module}.{text}" for text in _strings(tree) if text.isidentifier())
    return names


def _imports(tree):
    """({alias: module}, {alias: public name}) of all imports of nki."""
    modules, direct = {}, {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for item in node.names:
                if item.name in _MODULES:
                    modules[item.asname or item.name.partition(".")[0]] = (
                        item.name if item.asname else "nki"
                    )
        elif isinstance(node, ast.ImportFrom) and node.module in _MODULES:
            for item in node.names:
                whole = f"{node.module}.{item.name}"
                if whole in _MODULES:
                    modules[item.asname or item.name] = whole
                else:
                    direct[item.asname or item.name] = whole
    return modules, direct


def _visit(tree, modules, direct, names):
    """Adds what is reached through the modules, function by function."""
    functions = [n for n in ast.walk(tree) if isinstance(n, (ast.FunctionDef, ast.Lambda))]
    for scope in [tree, *functions]:
        reached, attributes = set(), set()
        for node in ast.walk(scope):
            if isinstance(node, ast.Attribute):
                whole = _dotted(node, modules, direct)
                if whole:
                    reached.add(whole)
                else:
                    attributes.add(node.attr)
            elif isinstance(node, ast.Subscript) and scope is not tree:
                store = isinstance(node.ctx, ast.Store)
                attributes.add("__setitem__" if store else "__getitem__")
        names |= reached
        if scope is not tree and any(n.startswith(("nki.isa.", "nki.lang")) for n in reached):
            names.update(f"{cls}.{attribute}" for cls in _CLASSES for attribute in attributes)


def _dotted(node, modules, direct):
    """ "nki.isa.engine.vector" for nisa.engine.vector; None for what is not of nki."""
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    base = modules.get(node.id) or direct.get(node.id)
    return ".".join([base, *reversed(parts)]) if base else None
