"""What a file says about itself: how it names NKI's modules, which names nobody defines, and what
is known of the tensors that its variables hold."""

import dataclasses

import libcst as cst
from libcst import matchers as m
from libcst import metadata

from kiln.migrate import flow

MEMORIES = ("sbuf", "psum", "hbm")
# A string of beta 2, and the name in nki.language.
BUFFERS = {name: name for name in ("sbuf", "psum", "hbm", "private_hbm", "shared_hbm")}
_IMPORT = m.SimpleStatementLine(body=[m.Import() | m.ImportFrom()])
_ALLOCATIONS = ("ndarray", "zeros", "ones", "full")


@dataclasses.dataclass
class Tensor:
    """What is known of the tensor that a variable holds; None is unknown."""

    memory: str | None = None
    dtype: str | None = None
    rank: int | None = None


def dotted(node):
    """ "a.b.c" of such an expression; None of others."""
    if isinstance(node, cst.Name):
        return node.value
    if isinstance(node, cst.Attribute):
        base = dotted(node.value)
        return base and f"{base}.{node.attr.value}"
    return None


def argument(call, name, position=None):
    """The Arg given by keyword, or else at the position; None if there is none."""
    for arg in call.args:
        if arg.keyword and arg.keyword.value == name:
            return arg
    if position is not None and position < len(call.args):
        arg = call.args[position]
        if arg.keyword is None and not arg.star:
            return arg
    return None


class Module:
    """The file as its rewriter sees it."""

    def __init__(self, wrapper, is_beta2):
        self._scopes = wrapper.resolve(metadata.ScopeProvider)
        self._positions = wrapper.resolve(metadata.PositionProvider)
        self._contexts = wrapper.resolve(metadata.ExpressionContextProvider)
        self._config = wrapper.module.config_for_parsing
        self._functions = _enclosing_functions(wrapper.module)
        self._names = {node.value for node in m.findall(wrapper.module, m.Name())}
        self._stored = flow.stored(wrapper.module)
        self._aliases = {}  # "nki.language": "nl"
        self._direct = {}  # "affine_select": "nki.isa.affine_select"
        self._needed = {}  # modules to import, with their aliases
        self.notes = []  # (line, reason)
        self.function_names = {}  # names that edits gave, by the function they are in
        self._read_imports(wrapper.module)
        self.has_memories = self._uses_memories(wrapper.module)
        self.is_beta2 = self.has_memories if is_beta2 is None else is_beta2
        self._tensors = self._read_tensors(wrapper.module)

    def note(self, node, reason):
        self.notes.append((self._positions[node].start.line, reason))

    def defines(self, name):
        """Whether a statement of the file binds the name."""
        return name in self._stored or name in self._direct

    def function_of(self, node):
        """The FunctionDef that contains the node, or None."""
        return self._functions.get(node)

    def name_of(self, node):
        """ "nki.isa.memset" for an expression that names it, whatever it is called here."""
        whole = dotted(node)
        if whole is None:
            return None
        for module, alias in sorted(self._aliases.items(), key=lambda item: -len(item[0])):
            if whole.startswith(alias + "."):
                return module + whole[len(alias) :]
        return self._direct.get(whole)

    def memory_of(self, node):
        """ "sbuf" for that name, if nobody defines it here."""
        if not isinstance(node, cst.Name) or node.value not in MEMORIES:
            return None
        if self._contexts.get(node) is not metadata.ExpressionContext.LOAD:
            return None
        scope = self._scopes.get(node)
        return node.value if scope is not None and not scope[node.value] else None

    def expression(self, name):
        """The expression for "nki.language.sbuf" in this file; its import is added if needed."""
        module, _, attribute = name.rpartition(".")
        if module not in ("nki.language", "nki.isa"):
            if module in self._aliases:  # from nki.isa import engine
                return cst.parse_expression(f"{self._aliases[module]}.{attribute}")
            return cst.Attribute(self.expression(module), cst.Name(attribute))
        alias = self._aliases.get(module) or self._need(module)
        return cst.parse_expression(f"{alias}.{attribute}")

    def tensor(self, node):
        """The Tensor that an expression is or slices, as far as it is known."""
        sliced = False
        while isinstance(node, cst.Subscript):
            node, sliced = node.value, True
        if not isinstance(node, cst.Name):
            return Tensor()
        known = self._tensors.get((self.function_of(node), node.value), Tensor())
        return dataclasses.replace(known, rank=None) if sliced else known

    def is_register(self, node):
        """Whether a name is assigned from nisa.register_alloc in its function, and nothing else."""
        key = (self.function_of(node), node.value)
        return self._tensors.get(key) == Tensor(memory="register")

    def add_imports(self, tree):
        """The module with the imports that edits need, after its own imports of nki."""
        if not self._needed:
            return tree
        lines = [
            cst.parse_statement(f"import {module} as {alias}\n", self._config)
            for module, alias in sorted(self._needed.items())
        ]
        body = list(tree.body)
        at = 0
        for i, statement in enumerate(body):
            if m.matches(statement, _IMPORT) or (at == 0 and _is_docstring(statement)):
                at = i + 1
        return tree.with_changes(body=[*body[:at], *lines, *body[at:]])

    def _need(self, module):
        alias = {"nki.language": "nl", "nki.isa": "nisa"}[module]
        while alias in self._names:
            alias = f"nki_{alias}"
        self._needed[module] = self._aliases[module] = alias
        return alias

    def _read_imports(self, tree):
        for node in m.findall(tree, m.Import()):
            for item in node.names:
                name = dotted(item.name)
                if name and (name == "nki" or name.startswith("nki.")):
                    self._aliases[name] = dotted(item.asname.name) if item.asname else name
                elif name and name.startswith("neuronxcc"):
                    self.note(node, "neuronxcc.nki is NKI 0.1: migrate that to nki by hand first")
        for node in m.findall(tree, m.ImportFrom()):
            base = dotted(node.module) if node.module else None
            if base is None or isinstance(node.names, cst.ImportStar):
                continue
            if base.startswith("neuronxcc"):
                self.note(node, "neuronxcc.nki is NKI 0.1: migrate that to nki by hand first")
            if base != "nki" and not base.startswith("nki."):
                continue
            for item in node.names:
                whole = f"{base}.{item.name.value}"
                local = dotted(item.asname.name) if item.asname else item.name.value
                if whole in ("nki.language", "nki.isa", "nki.collectives"):
                    self._aliases[whole] = local
                else:
                    self._direct[local] = whole
                    self._aliases.setdefault(whole, local)

    def _uses_memories(self, tree):
        for node in m.findall(tree, m.Attribute(attr=m.Name("view") | m.Name("ptr"))):
            base = node.value.value if isinstance(node.value, cst.Subscript) else node.value
            if self.memory_of(base):
                return True
        return False

    def _read_tensors(self, tree):
        found = {}
        for node in m.findall(tree, m.Assign(targets=[m.AssignTarget(target=m.Name())])):
            key = (self.function_of(node), node.targets[0].target.value)
            tensor = self._allocated(node.value)
            known = found.setdefault(key, tensor)
            if known != tensor:
                found[key] = Tensor()
        return found

    def _allocated(self, node):
        """The Tensor that an expression allocates; of a register, a stand-in; else unknown."""
        if not isinstance(node, cst.Call):
            return Tensor()
        name = self.name_of(node.func)
        if name == "nki.isa.register_alloc":
            return Tensor(memory="register")
        if isinstance(node.func, cst.Attribute) and node.func.attr.value == "view":
            base = node.func.value
            memory = self.memory_of(base.value if isinstance(base, cst.Subscript) else base)
            if memory:
                dtype, shape = argument(node, "dtype", 0), argument(node, "shape", 1)
                return self._described(memory, dtype, shape)
        elif name and name.removeprefix("nki.language.") in _ALLOCATIONS:
            buffer = argument(node, "buffer", 3 if name.endswith("full") else 2)
            text = self.name_of(buffer.value) if buffer else "nki.language.sbuf"
            if buffer and isinstance(buffer.value, cst.SimpleString):
                text = buffer.value.evaluated_value
            dtype = argument(node, "dtype", 2 if name.endswith("full") else 1)
            memory = text.rpartition(".")[2] if text else None
            return self._described(memory, dtype, argument(node, "shape", 0))
        return Tensor()

    def _described(self, memory, dtype, shape):
        tensor = Tensor(memory)
        if dtype is not None:
            if isinstance(dtype.value, cst.SimpleString):
                tensor.dtype = dtype.value.evaluated_value
            else:
                name = self.name_of(dtype.value)
                tensor.dtype = name.rpartition(".")[2] if name else None
        if shape is not None and isinstance(shape.value, (cst.Tuple, cst.List)):
            elements = shape.value.elements
            if not any(isinstance(e, cst.StarredElement) for e in elements):
                tensor.rank = len(elements)
        return tensor


def _is_docstring(statement):
    return m.matches(statement, m.SimpleStatementLine(body=[m.Expr(m.SimpleString())]))


def _enclosing_functions(tree):
    """{node: the FunctionDef that contains it, or None}."""
    found = {}

    def visit(node, function):
        found[node] = function
        inner = node if isinstance(node, cst.FunctionDef) else function
        for child in node.children:
            visit(child, inner)

    visit(tree, None)
    return found
