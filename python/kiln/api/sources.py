"""Where names are defined in a checkout of Kiln, found by reading its sources."""

import ast
import pathlib
import re


def checkout():
    """The root of the checkout that this package runs from; None if it is installed."""
    root = pathlib.Path(__file__).resolve().parents[3]
    return root if (root / "kiln/isa/instruction.h").is_file() else None


# (files, pattern of a definition whose first group is the name), in the order they are asked.
_INSTRUCTIONS = ("kiln/isa/*.h", re.compile(r"\.name = \"(\w+)\""))
_OPERATORS = ("kiln/dsl/op.h", re.compile(r"^(?:inline constexpr .*|    )\b(\w+)(?:\{.*\})?;$"))
_FUNCTIONS = ("kiln/dsl/*.h", re.compile(r"^[A-Za-z][\w:<>&* ]* (\w+)\("))
_DTYPES = ("kiln/base/dtype.h", re.compile(r"^  (\w+),"))
_MEMBERS = ("python/core/tensor.cpp", re.compile(r"\"(\w+)\"[,)]"))
_BOUND = ("python/core/*.cpp", re.compile(r"\"(\w+)\"[,)]"))
_NAMED = ("kiln/**/*.h", re.compile(r"\b(\w+)\b"))


class Places:
    """Definitions by name, as "path:line" from the root."""

    def __init__(self, root):
        self._root = root
        self._indices = {}
        self._python = self._python_definitions()

    def of(self, name):
        """Where a public name is defined; None if it is not found."""
        module, _, short = name.rpartition(".")
        if module.count(".") > 1:  # a member: "nki.language.NkiTensor.ap"
            owner = module.rpartition(".")[2]
            return (
                self._python.get((owner, short)) or self._find(short, [_MEMBERS]) or self.of(module)
            )
        if module in ("nki.isa", "nki.collectives"):
            found = self._find(short, [_INSTRUCTIONS]) or self._python.get((module, short))
        else:
            found = self._python.get((module, short))
        return found or self._find(short, [_OPERATORS, _FUNCTIONS, _DTYPES, _BOUND, _NAMED])

    def _find(self, name, kinds):
        for kind in kinds:
            if kind not in self._indices:
                self._indices[kind] = self._index(*kind)
            if name in self._indices[kind]:
                return self._indices[kind][name]
            if name.endswith("_") and name[:-1] in self._indices[kind]:
                return self._indices[kind][name[:-1]]
        return None

    def _index(self, glob, pattern):
        found = {}
        for path in sorted(self._root.glob(glob)):
            for number, line in enumerate(path.read_text().splitlines(), 1):
                for match in pattern.finditer(line):
                    place = f"{path.relative_to(self._root)}:{number}"
                    found.setdefault(match.group(1), place)
        return found

    def _python_definitions(self):
        """By (module or class, name), for the modules of kiln.nki."""
        found = {}
        package = self._root / "python/kiln/nki"
        for path in sorted(package.rglob("*.py")):
            inside = path.relative_to(package).with_suffix("").parts
            module = ".".join(["nki", *(p for p in inside if p != "__init__")])
            # What a package takes from its own modules is the package's.
            scopes = [module, module.rpartition(".")[0]] if inside[-1] != "__init__" else [module]
            place = str(path.relative_to(self._root))
            for node in ast.parse(path.read_text()).body:
                for name in _defines(node):
                    for scope in scopes:
                        found.setdefault((scope, name), f"{place}:{node.lineno}")
                if isinstance(node, ast.ClassDef):
                    for member in node.body:
                        for name in _defines(member):
                            found.setdefault((node.name, name), f"{place}:{member.lineno}")
        return found


def _defines(node):
    """The names that a statement defines by def, class or a plain assignment."""
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return [node.name]
    targets = []
    if isinstance(node, ast.Assign):
        targets = node.targets
    elif isinstance(node, ast.AnnAssign):
        targets = [node.target]
    return [t.id for t in targets if isinstance(t, ast.Name)]
