"""The language gate: what would keep a kernel from building is found, and nothing else."""

import importlib.util
import pathlib
import sys

import pytest
from kiln.gate import kinds

from kiln import gate

HERE = pathlib.Path(__file__).parent
HEAD = """\
import collections
import enum
import functools
import math
import os
import random
import time
from dataclasses import dataclass

import nki
import nki.collectives as ncc
import nki.isa as nisa
import nki.language as nl
import numpy as np

ROWS = 128
BIG = 2**40
SEEN = []
TABLE = {nl.float32: 4, nl.bfloat16: 2}
LIMIT = 1


def set_limit(value):
    global LIMIT
    LIMIT = value


class Mode(enum.Enum):
    fast = 1
    exact = 2


@dataclass
class Config(nl.NKIObject):
    rows: int
    columns: int = 4
    beyond = 2**40

    def size(self):
        return self.rows * self.columns


class Plain:
    rows = 128


class Derived(Config):
    depth = 2


class Mixed(nl.NKIObject, dict):
    pass


Pair = collections.namedtuple("Pair", "left right")


def half(n):
    return n // 2


def quarter(n):
    return half(half(n))


"""


def in_file(text, tmp_path):
    path = tmp_path / "kernels.py"
    path.write_text(HEAD + text)
    return gate.check_file(path)


def of_body(body, tmp_path, signature="x, y"):
    """The findings on a kernel with this body."""
    lines = "".join(f"    {line}\n" if line else "\n" for line in body.split("\n"))
    return in_file(f"@nki.jit\ndef kernel({signature}):\n{lines}", tmp_path)


def ids(findings):
    return [finding["id"] for finding in findings]


def check_pair(kind, wrong, right, tmp_path):
    found = of_body(wrong, tmp_path)
    assert set(ids(found)) == {kind}, found
    assert of_body(right, tmp_path) == []


@pytest.mark.parametrize(
    ("what", "wrong", "right"),
    [
        ("try", "try:\n    t = nl.load(x)\nfinally:\n    pass", "t = nl.load(x)"),
        ("try", "try:\n    t = nl.load(x)\nexcept* ValueError:\n    pass", "t = nl.load(x)"),
        ("raise", "if x.shape[0] > 4:\n    raise ValueError('rows')", "assert x.shape[0] <= 4"),
        ("match", "match y:\n    case 1:\n        return x", "if y == 1:\n    return x"),
        ("async def", "async def body(i):\n    return i", "def body(i):\n    return i"),
        (
            "async for",
            "async def f():\n    async for i in y:\n        pass",
            "for i in y:\n    pass",
        ),
        ("async with", "async def f():\n    async with y:\n        pass", "half(y)"),
        ("await", "async def f():\n    await y()", "y()"),
        ("yield", "yield x", "return x"),
        ("yield from", "yield from x", "return x"),
        ("import", "import math", "s = math.sqrt(4.0)"),
        ("import", "from math import sqrt", "s = math.floor(0.5)"),
        ("class", "class Sizes(nl.NKIObject):\n    rows = 1", "sizes = Config(1)"),
        ("with", "with np.errstate():\n    pass", "with nl.no_reorder():\n    nl.load(x)"),
        ("with", "with y:\n    pass", "with nl.no_reorder():\n    pass"),
    ],
)
def test_outside_of_the_language(what, wrong, right, tmp_path):
    found = of_body(wrong, tmp_path)
    told = [f["message"] for f in found if f["id"] == "unsupported_construct"]
    assert any(message.startswith(f"{what} ") for message in told), found
    assert of_body(right, tmp_path) == []


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("f = lambda n: n", "def f(n):\n    return n"),
        ("t = [i for i in range(3)]", "t = []\nfor i in range(3):\n    t.append(i)"),
        ("t = tuple(i for i in y)", "t = tuple(y)"),
        ("t = {k: 1 for k in y}", "t = {'k': 1}"),
        ("t = {k for k in y}", "t = list(y)"),
        ("if (n := len(y)) > 1:\n    return n", "n = len(y)\nif n > 1:\n    return n"),
        ("t = (1, *x.shape)", "t = (1,) + x.shape"),
        ("first, *rest = x.shape", "first, rest = x.shape"),
        ("nisa.memset(**y)", "nisa.memset(dst=x, value=0)"),
        ("t = {'a': 1, **y}", "t = {'a': 1}"),
        ("t = x\ndel t", "t = x"),
        ("t = x @ y", "t = x[0] * y[0]"),
        ("if y is True:\n    return x", "if y is not None and None is not x:\n    return x"),
        ("for i in range(2):\n    pass\nelse:\n    nl.load(x)", "for i in range(2):\n    pass"),
        ("while y:\n    y = half(y)\nelse:\n    nl.load(x)", "while y:\n    y = half(y)"),
        ("print(f'{y:>4}')", "print(f'{y} {y!r} {x.shape=}')"),
        (
            "for i in nl.dynamic_range(4):\n    if y:\n        continue",
            "for i in nl.dynamic_range(4):\n    for j in range(2):\n        break",
        ),
        ("for i in nl.dynamic_range(4):\n    return x", "for i in range(4):\n    return x"),
        ("with nl.no_reorder() as order:\n    pass", "with nl.no_reorder():\n    pass"),
        (
            "@functools.cache\ndef f(n):\n    return n\nf(1)",
            "def f(n):\n    return n\nf(1)",
        ),
        ("def f(*n):\n    return n", "def f(n=(1, 2)):\n    return n"),
        ("def f(n, **rest):\n    return n", "def f(n, rest=None):\n    return n"),
        ("n = 4294967295", "n = 2147483647"),
    ],
)
def test_what_the_front_end_refuses(wrong, right, tmp_path):
    found = of_body(wrong, tmp_path)
    assert "doubtful_construct" in ids(found), found
    assert "error" not in {finding["severity"] for finding in found}, found
    assert of_body(right, tmp_path) == []


@pytest.mark.skipif(sys.version_info < (3, 12), reason="type statements are of Python 3.12")
def test_a_type_statement(tmp_path):
    assert ids(of_body("type Rows = int", tmp_path)) == ["doubtful_construct"]


def test_a_lambda_as_the_kernel():
    (found,) = gate.check(lambda x: x)
    assert found["id"] == "doubtful_construct" and "lambda" in found["message"]


def test_a_nonlocal_of_a_body(tmp_path):
    body = "n = 0\ndef f(i):\n    nonlocal n\n    n = i\nnl.fori_loop(0, 2, f)"
    assert ids(of_body(body, tmp_path)) == ["doubtful_construct"]


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("t = {1, 2}", "t = (1, 2)"),
        ("t = set()", "t = dict()"),
        ("t = frozenset(y)", "t = list(y)"),
        ("t = b'raw'", "t = 'raw'"),
        ("t = 1j", "t = 1.0"),
        ("n = 1099511627776", "n = -2147483648"),
        ("n = BIG", "n = ROWS"),
        ("n = Config.beyond", "n = Config.columns"),
    ],
)
def test_values_beyond_the_language(wrong, right, tmp_path):
    check_pair("unsupported_value", wrong, right, tmp_path)


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("t = {0: x}", "t = {'0': x}"),
        ("t = {(0, 1): x}", "t = {str((0, 1)): x}"),
        ("t = {None: x}", "t = {y: x}"),
        ("t = {Mode.fast: x}", "t = {Mode.fast.name: x}"),
        ("t = {nl.float32: 4}", "n = TABLE[nl.float32]"),
        ("t = {}\nt[0] = x", "t = []\nt[0] = x"),
        ("t = dict()\nt[ROWS] = x", "t = y\nt[ROWS] = x"),
        ("t = {}\nn = t[0]", "t = {}\nt = [1]\nn = t[0]"),
    ],
)
def test_keys_are_strings(wrong, right, tmp_path):
    check_pair("bad_key", wrong, right, tmp_path)


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("p = Plain()", "p = Config(1)"),
        ("n = Plain.rows", "n = Mode.fast.value"),
        ("d = Derived(1)", "d = Config(rows=1)"),
        ("m = Mixed()", "m = isinstance(y, Mixed)"),
    ],
)
def test_classes_inherit_from_nki_object(wrong, right, tmp_path):
    check_pair("class_without_nki_object", wrong, right, tmp_path)


def test_a_class_is_told_where_it_is_defined(tmp_path):
    (found,) = of_body("p = Plain()\nq = Plain()", tmp_path)
    assert HEAD.splitlines()[found["line"] - 1] == "class Plain:"
    assert "Plain, which kernel uses, does not inherit from NKIObject" in found["message"]
    assert found["fix"] == "write class Plain(nl.NKIObject)"


def test_methods_of_classes_are_checked(tmp_path):
    text = (
        "class Sizes(nl.NKIObject):\n    rows: int = 1\n\n    @staticmethod\n    def one():\n"
        "        return Sizes(1)\n\n    @property\n    def double(self):\n        return 2\n\n"
        "    def area(self):\n        return {1: 2}\n\n\n"
        "@nki.jit\ndef kernel(x, sizes: Sizes):\n    return x\n"
    )
    assert ids(in_file(text, tmp_path)) == ["doubtful_construct", "bad_key"]


def test_a_named_tuple_is_advice(tmp_path):
    (found,) = of_body("p = Pair(1, 2)", tmp_path)
    assert (found["id"], found["severity"]) == ("unlisted_construct", "advice")


@pytest.mark.parametrize(
    ("wrong", "message", "right"),
    [
        ("nisa.dma_cpy(x, y)", "no nki.isa.dma_cpy; did you mean 'dma_copy'?", "nisa.dma_copy"),
        ("t = nl.softmaks", "no nki.language.softmaks; did you mean 'softmax'?", "nl.softmax"),
        ("nki.simulat(x)", "no nki.simulat; did you mean 'simulate'?", "nki.jit"),
        ("t = nisa.engine.vectr", "did you mean 'vector'?", "nisa.engine.vector"),
        ("t = nl.tile_size.pmx", "did you mean 'pmax'?", "nl.tile_size.pmax"),
        ("t = ncc.all_reduc", "did you mean 'all_reduce'?", "ncc.all_reduce"),
        ("t = Mode.slow", "there is no Mode.slow", "Mode.fast"),
        ("t = nl.arange(4)", "there is no nki.language.arange any more", "nl.ds(0, 4)"),
        ("t = ROWZ", "ROWZ is not defined; did you mean 'ROWS'?", "ROWS"),
        ("t = nothing_like_it(x)", "nothing_like_it is not defined", "half(1)"),
        ("n = math.sqroot(2)", "there is no math.sqroot", "math.sqrt(2)"),
    ],
)
def test_names_that_do_not_exist(wrong, message, right, tmp_path):
    (found,) = of_body(wrong, tmp_path)
    assert found["id"] == "unknown_name" and message in found["message"], found
    assert of_body(f"t = {right}", tmp_path) == []


def test_names_of_branches_locals_and_the_older_dialect(tmp_path):
    found = of_body("if y:\n    t = half(undefined)\nn = y and undefined", tmp_path)
    assert ids(found) == ["undefined_in_branch"] * 2
    local = "for a, b in y:\n    t = a\ndef f(c, d=b):\n    return c, d, t, f\nf(a)"
    assert of_body(local, tmp_path) == []
    assert (
        of_body("t = sbuf.view(x.dtype, x.shape)\nnisa.memset(t, 1.0, mask=None)", tmp_path) == []
    )
    assert ids(of_body("t = sbuf", tmp_path)) == ["unknown_name"]
    assert ids(of_body("t = sbug", tmp_path)) == ["unknown_name"]


@pytest.mark.parametrize(
    ("wrong", "message", "right"),
    [
        ("nisa.memset(dst=x, val=0)", "did you mean 'value'?", "nisa.memset(dst=x, value=0)"),
        ("nisa.memset(x, 0, colour=1)", "it takes dst, value", "nisa.memset(x, 0, name='m')"),
        ("nl.softmax(x, axes=1)", "did you mean 'axis'?", "nl.softmax(x, axis=1)"),
        ("ncc.rank_id(rank=1)", "no argument 'rank'", "nisa.tensor_copy(dst=x, src=y, dtype=1)"),
    ],
)
def test_arguments_that_functions_do_not_take(wrong, message, right, tmp_path):
    (found,) = of_body(wrong, tmp_path)
    assert found["id"] == "unknown_argument" and message in found["message"], found
    assert of_body(right, tmp_path) == []


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("n = np.prod(x.shape)", "n = x.shape[0] * x.shape[1]"),
        ("t = np.float32", "t = nl.float32"),
        ("nisa.tensor_tensor(x, x, y, np.add)", "nisa.tensor_tensor(x, x, y, nl.add)"),
        ("f = functools.partial(half, 1)", "f = half"),
        ("t = collections.OrderedDict()", "t = {}"),
        ("n = np.inf * np.zeros(1)[0]", "n = -np.inf"),
    ],
)
def test_calls_of_other_libraries(wrong, right, tmp_path):
    check_pair("outside_call", wrong, right, tmp_path)


def test_the_hint_names_what_the_language_has(tmp_path):
    assert of_body("t = np.float32", tmp_path)[0]["fix"] == "write nl.float32"
    assert "nl." not in of_body("t = np.prod(x.shape)", tmp_path)[0]["fix"]


@pytest.mark.parametrize(
    "body",
    ["for a, b in zip(x, y):\n    pass", "n = sorted(y)", "n = math.prod(x.shape)", "n = sum(y)"],
)
def test_what_no_document_names_is_advice(body, tmp_path):
    found = of_body(f"{body}\n{body}", tmp_path)
    assert [(f["id"], f["severity"]) for f in found] == [("unlisted_construct", "advice")]


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("n = time.time()", "n = y"),
        ("n = random.random()", "n = nl.rand((1, 1), nl.float32)"),
        ("n = np.random.rand()", "n = 0"),
        ("n = os.environ['N']", "n = y['N']"),
        ("n = os.getenv('N')", "n = y.get('N')"),
        ("f = open('table')", "print('table')"),
        ("SEEN.append(x)", "seen = []\nseen.append(x)"),
        ("TABLE[nl.int8] = 1", "n = TABLE[nl.float32]"),
        ("Config.rows = 4", "c = Config(1)\nc.rows = 4"),
        ("global LAST\nLAST = 1", "last = 1"),
    ],
)
def test_side_effects_and_outside_state(wrong, right, tmp_path):
    check_pair("impure_kernel", wrong, right, tmp_path)


def test_a_global_that_a_function_sets_is_told(tmp_path):
    found = of_body("n = LIMIT\nm = LIMIT", tmp_path)
    assert ids(found) == ["mutable_state"] and "set_limit assigns" in found[0]["message"]
    assert of_body("n = ROWS", tmp_path) == []


def test_closures_over_mutable_objects():
    scales, rows, later = [1.0], 128, None

    class Settings:
        scale = 1.0

    settings = Settings()

    def frozen(x):
        return x[rows], later

    def of_list(x):
        return scales[0]

    def of_object(x):
        return settings.scale

    def keeping(x):
        scales.append(x)

    assert gate.check(frozen) == []
    (found,) = gate.check(of_list)
    assert (
        found["id"] == "mutable_state"
        and "scales of the enclosing function is a list" in (found["message"])
    )
    assert ids(gate.check(of_object)) == ["mutable_state"]
    assert ids(gate.check(keeping)) == ["impure_kernel"]


def test_signatures_of_kernels(tmp_path):
    assert ids(of_body("return x", tmp_path, "x, *, y=1")) == ["unsupported_construct"]
    assert ids(of_body("return x", tmp_path, "x, y=[1, 1]")) == ["unsupported_construct"]
    assert of_body("return x", tmp_path, "x, y=(1, 1)") == []
    assert ids(of_body("return x", tmp_path, "x, *rest")) == ["doubtful_construct"]
    text = "def helper(n=[1], *, m=1):\n    return n\n\n\n@nki.jit\ndef kernel(x):\n    helper()\n"
    assert ids(in_file(text, tmp_path)) == ["doubtful_construct"]


def test_helpers_are_checked_once_each(tmp_path):
    text = (
        "def helper(n):\n    return {1: n}\n\n\ndef unused(n):\n    return {1: n}\n\n\n"
        "@nki.jit\ndef first(x):\n    f = helper\n    return f(x), helper(x)\n\n\n"
        "@nki.jit\ndef second(x):\n    return first(x)\n"
    )
    (found,) = in_file(text, tmp_path)
    assert found["line"] == len(HEAD.splitlines()) + 2


def test_functions_in_functions_build_since_0_6(tmp_path):
    text = "@nki.jit(compat='{}')\ndef kernel(x):\n    def f(i):\n        nl.load(x)\n"
    assert in_file(text.format("0.6"), tmp_path) == []
    (found,) = in_file(text.format("0.3"), tmp_path)
    assert "f is a function in a function, which builds since NKI 0.6" in found["message"]


def test_installed_packages_are_opened_if_they_are_for_kernels(tmp_path, monkeypatch):
    site = tmp_path / "site-packages"
    site.mkdir()
    (site / "gate_kernels.py").write_text("import nki\ndef helper(n):\n    return {1: n}\n")
    (site / "gate_other.py").write_text("def helper(n):\n    return {1: n}\n")
    monkeypatch.syspath_prepend(site)
    text = "import {0}\n@nki.jit\ndef kernel(x):\n    {0}.helper(x)\n"
    (inside,) = in_file(text.format("gate_kernels"), tmp_path)
    assert inside["id"] == "bad_key" and inside["file"].endswith("gate_kernels.py")
    (outside,) = in_file(text.format("gate_other"), tmp_path)
    assert outside["id"] == "outside_call" and outside["file"].endswith("kernels.py")


def test_a_finding_has_its_place(tmp_path):
    (found,) = of_body("é = 'ü'; t = {1: é}\nreturn t", tmp_path)
    line = len(HEAD.splitlines()) + 3
    assert found == {
        "id": "bad_key",
        "severity": "error",
        "message": "key 1 of a dictionary is int; keys are strings",
        "file": str(tmp_path / "kernels.py"),
        "line": line,
        "column": 19,
        "end_line": line,
        "end_column": 20,
        "fix": "use a string as the key, or a list",
    }


def test_findings_are_in_order(tmp_path):
    found = of_body("t = [i for i in {2, 1}]\nu = {1: 2}\nfoo()", tmp_path)
    assert [f["line"] for f in found] == sorted(f["line"] for f in found)
    assert len(found) == 4


def test_kernels_of_a_file(tmp_path):
    text = (
        "def given(x):\n    return {1: x}\n\n\ndef other(x):\n    return {1: x}\n\n\n"
        "def main(x):\n    return nki.simulate(given)(x)\n"
    )
    assert [f["line"] - len(HEAD.splitlines()) for f in in_file(text, tmp_path)] == [2]


def test_files_of_packages_are_imported_as_their_modules(tmp_path):
    package = tmp_path / "gate_package"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "sizes.py").write_text("def rows(x):\n    return {1: x}\n")
    kernel = package / "kernel.py"
    kernel.write_text(
        "import nki\nfrom .sizes import rows\n\n\n@nki.jit\ndef kernel(x):\n    return rows(x)\n"
    )
    (found,) = gate.check_file(kernel)
    assert found["file"] == str(package / "sizes.py") and found["line"] == 2
    assert str(tmp_path) not in sys.path


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("import nki\ndef kernel(:\n", 2, "invalid syntax"),
        ("import nki\n\nimport no_such_module_at_all\n", 3, "cannot be imported: ModuleNotFound"),
        ("raise SystemExit(1)\n", 1, "cannot be imported: SystemExit"),
    ],
)
def test_files_that_cannot_be_read(text, line, message, tmp_path):
    path = tmp_path / "broken.py"
    path.write_text(text)
    (found,) = gate.check_file(path)
    assert (found["id"], found["line"]) == ("unreadable_source", line)
    assert message in found["message"]
    (missing,) = gate.check_file(tmp_path / "none.py")
    assert missing["id"] == "unreadable_source" and "none.py cannot be read" in missing["message"]


def test_functions_without_a_source():
    space = {}
    exec("def kernel(x):\n    return {1: x}\n", space)
    (found,) = gate.check(space["kernel"])
    assert found["id"] == "unreadable_source" and "<string> cannot be read" in found["message"]
    with pytest.raises(TypeError, match="takes a kernel or a Python function; got 3"):
        gate.check(3)
    with pytest.raises(TypeError, match="takes a kernel or a Python function"):
        gate.check(dict)


def test_a_file_that_changed_since_it_was_imported(tmp_path):
    path = tmp_path / "changing.py"
    path.write_text("def kernel(x):\n    return x\n")
    spec = importlib.util.spec_from_file_location("changing", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    path.write_text("# nothing\n")
    (found,) = gate.check(module.kernel)
    assert "kernel is not in line 1" in found["message"]


def test_each_kind_is_a_rule_with_an_example():
    assert len({kind.id for kind in kinds.ALL}) == len(kinds.ALL)
    named = {v for v in vars(kinds).values() if isinstance(v, kinds.Kind)}
    assert named == set(kinds.ALL)
    for kind in kinds.ALL:
        assert vars(kinds)[kind.id] is kind
        assert kind.severity in ("error", "warning", "advice")
        assert all((kind.explanation, kind.example, kind.fix))
        assert kind.explanation[0].islower() and not kind.explanation.endswith(".")


KERNELS = sorted([*HERE.parents[1].glob("examples/*/*.py"), HERE / "beta2_kernels.py"])


@pytest.mark.parametrize("path", KERNELS, ids=lambda path: path.stem)
def test_our_own_kernels_pass(path):
    assert gate.check_file(path) == []
