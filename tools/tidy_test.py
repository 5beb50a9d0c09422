"""Sees every rule of tools/tidy pass on what it allows and fail on what it forbids."""

import importlib.machinery
import importlib.util
import sys
from pathlib import Path

import pytest


def load_tidy():
    path = Path(__file__).with_name("tidy")
    loader = importlib.machinery.SourceFileLoader("tidy", str(path))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("tidy", loader))
    sys.modules["tidy"] = module  # dataclasses look their module up
    loader.exec_module(module)
    return module


tidy = load_tidy()

MODULES = """
[base]
uses = []
[tile]
uses = ["base"]
[program]
uses = ["tile"]
[timing]
uses = ["program"]
"""


def header(body: str = "") -> str:
    return f"// A header.\n#pragma once\n{body}\n"


def violations(rule: str, texts: dict[str, str]) -> list[tuple[str, int]]:
    tree = tidy.Tree({"tools/modules.toml": MODULES, **texts})
    return [(v.path, v.line) for v in getattr(tidy, rule)(tree)]


def test_include_direction():
    texts = {"kiln/program/a.h": header('#include "kiln/base/b.h"\n#include <kiln/tile/c.h>')}
    assert violations("include_direction", texts) == []
    texts = {"kiln/program/a.h": header('#include "kiln/timing/b.h"')}
    assert violations("include_direction", texts) == [("kiln/program/a.h", 3)]
    texts = {"kiln/tile/a.cpp": "#  include <kiln/program/b.h>\n"}
    assert violations("include_direction", texts) == [("kiln/tile/a.cpp", 1)]


def test_include_direction_does_not_bind_other_folders():
    assert violations("include_direction", {"python/a.cpp": '#include "kiln/timing/b.h"\n'}) == []


def test_include_path():
    texts = {"kiln/base/a.h": header(), "kiln/base/a.cpp": '#include "kiln/base/a.h"\n'}
    assert violations("include_path", texts) == []
    texts["kiln/base/a.cpp"] = '#include <vector>\n#include "a.h"\n'
    assert violations("include_path", texts) == [("kiln/base/a.cpp", 2)]


def test_include_path_of_generated_headers_and_siblings():
    texts = {"kiln/base/a.h.in": "", "kiln/base/a.cpp": '#include "kiln/base/a.h"\n'}
    assert violations("include_path", texts) == []
    texts = {"python/core/a.h": header(), "python/core/a.cpp": '#include "a.h"\n'}
    assert violations("include_path", texts) == []
    assert violations("include_path", {"python/a.cpp": '#include "b.h"\n'}) == [("python/a.cpp", 1)]


def test_module_table_knows_every_folder():
    assert violations("module_table", {"kiln/tile/a.h": header()}) == []
    assert violations("module_table", {"kiln/other/a.h": header()}) == [("kiln/other", 1)]


def test_module_table_equals_cmake():
    def tree(uses: str) -> dict[str, str]:
        return {
            "kiln/tile/a.h": header(),
            "kiln/program/CMakeLists.txt": f"kiln_module(program {uses})\n",
        }

    assert violations("module_table", tree("USES tile")) == []
    assert violations("module_table", tree("USES tile LINKS fmt::fmt")) == []
    assert violations("module_table", tree("")) == [("kiln/program/CMakeLists.txt", 1)]
    assert violations("module_table", tree("USES tile base")) == [
        ("kiln/program/CMakeLists.txt", 1)
    ]
    misnamed = {"kiln/program/CMakeLists.txt": "kiln_module(base)\n"}
    assert violations("module_table", misnamed) == [("kiln/program/CMakeLists.txt", 1)]


@pytest.mark.parametrize(
    ("cmake_path", "cmake", "source", "found"),
    [
        ("kiln/tile/CMakeLists.txt", "kiln_module(tile)", "kiln/tile/a.cpp", True),
        ("kiln/tile/CMakeLists.txt", "kiln_module(tile)", "kiln/tile/deep/a.cpp", False),
        ("CMakeLists.txt", "add_executable(a b/a.cpp)", "b/a.cpp", True),
        ("CMakeLists.txt", "add_executable(a b/a.cpp)", "b/c.cpp", False),
        ("CMakeLists.txt", "# a.cpp", "a.cpp", False),
        ("examples/CMakeLists.txt", "file(GLOB x cpp/*.cpp)", "examples/cpp/a.cpp", True),
        (
            "examples/CMakeLists.txt",
            "add_executable(${n} cpp/${n}.cpp)",
            "examples/cpp/a.cpp",
            True,
        ),
        ("cmake/x.cmake", "set(m ${PROJECT_SOURCE_DIR}/tests/main.cpp)", "tests/main.cpp", True),
        ("cmake/x.cmake", "set(m ${CMAKE_CURRENT_SOURCE_DIR}/main.cpp)", "tests/main.cpp", False),
    ],
)
def test_source_has_target(cmake_path: str, cmake: str, source: str, found: bool):
    expected = [] if found else [(source, 1)]
    assert violations("source_has_target", {cmake_path: cmake + "\n", source: "\n"}) == expected


def test_file_lines():
    assert violations("file_lines", {"run": "x\n" * 600}) == []
    assert violations("file_lines", {"run": "x\n" * 601}) == [("run", 1)]
    assert violations("file_lines", {"docs/long.md": "x\n" * 601}) == []


def cpp_function_names(text: str) -> list[str]:
    return [name for name, _, _ in tidy.functions(tidy.File("a.cpp", text))]


def test_cpp_functions_are_found():
    text = """
#define MACRO(x) void x() {
namespace a {
template <class T, class U = std::vector<int>>
struct B : C<T> {
 public:
  B(int x) : x_{x}, y_(x) { go(); }
  B& operator=(const B&) = default;
  bool operator==(const B& b) const { return true; }
  int value() const noexcept { return [&] { return 1; }(); }
  std::array<int, 2> pair{f(1), f(2)};
};
enum class E : uint8_t { one, two };
constexpr std::array table{{1, 2}};
const int n = make(3, "not a { brace");  // nor { here
auto lambda = [](int x) { return x; };
}  // namespace a
TEST_CASE("name (with) { signs") { CHECK(true); }
static auto trailing() -> std::pair<int, int> { return {1, 2}; }
"""
    assert cpp_function_names(text) == [
        "B",
        "operator==",
        "value",
        "lambda",
        "TEST_CASE",
        "trailing",
    ]


def test_function_lines():
    def function(lines: int) -> str:
        return "int f(int x) {\n" + "  x += 1;\n" * (lines - 2) + "}\n"

    assert violations("function_lines", {"a.cpp": function(70)}) == []
    assert violations("function_lines", {"a.cpp": "\n" + function(71)}) == [("a.cpp", 2)]
    nested = "namespace a {\nclass B {\n" + function(71) + "};\n}\n"
    assert violations("function_lines", {"a.cpp": nested}) == [("a.cpp", 3)]


def test_function_lines_of_python():
    def function(lines: int) -> str:
        return "def f():\n" + "    pass\n" * (lines - 1)

    assert violations("function_lines", {"a.py": function(70)}) == []
    assert violations("function_lines", {"a.py": function(71)}) == [("a.py", 1)]
    script = "#!/usr/bin/env python3\n" + function(71)
    assert violations("function_lines", {"tools/x": script}) == [("tools/x", 2)]


def test_line_columns():
    assert violations("line_columns", {"a.py": "x" * 100 + "\n"}) == []
    assert violations("line_columns", {"a.py": "\n" + "é" * 101 + "\n"}) == [("a.py", 2)]


def test_line_columns_of_raw_strings_and_goldens():
    assert violations("line_columns", {"a.py": "# expect " + "x" * 101 + "\n"}) == []
    assert violations("line_columns", {"a.cpp": 'f(R"(\n' + "x" * 101 + '\n)");\n'}) == []
    assert violations("line_columns", {"a.cpp": 'f("' + "x" * 101 + '");\n'}) == [("a.cpp", 1)]


@pytest.mark.parametrize("word", ["TO" + "DO", "FIX" + "ME", "X" + "XX", "HA" + "CK"])
def test_todo_has_issue(word: str):
    assert violations("todo_has_issue", {"a.py": f"# {word}: later\n"}) == [("a.py", 1)]


def test_todo_with_issue():
    assert violations("todo_has_issue", {"a.py": "# TO" + "DO(#12): later\n"}) == []


@pytest.mark.parametrize("line", ["// ====", "# ---- x ----", "// x ------", "/*****", "////////"])
def test_no_banner(line: str):
    assert violations("no_banner", {"a.h": f"\n{line}\n"}) == [("a.h", 2)]


@pytest.mark.parametrize("line", ["// a -- b", "#include <x>", "// 1 + 2", "x = a ==== b", "//"])
def test_no_banner_allows(line: str):
    assert violations("no_banner", {"a.h": f"{line}\n"}) == []


def test_pragma_once():
    assert violations("pragma_once", {"a.h": header()}) == []
    assert violations("pragma_once", {"a.h": "// A.\n#ifndef A\n#pragma once\n"}) == [("a.h", 1)]
    assert violations("pragma_once", {"a.cpp": "int x;\n"}) == []


def test_opening_comment():
    assert violations("opening_comment", {"a.h": header(), "a.py": '"""A."""\n'}) == []
    assert violations("opening_comment", {"a.h": "#pragma once\n"}) == [("a.h", 1)]
    assert violations("opening_comment", {"a.py": "import os\n"}) == [("a.py", 1)]
    assert violations("opening_comment", {"__init__.py": ""}) == []


def test_file_name():
    assert violations("file_name", {"a_b2.h": header(), "cmake/Abc.cmake": ""}) == []
    assert violations("file_name", {"Ab.h": header()}) == [("Ab.h", 1)]
    assert violations("file_name", {"a-b.py": ""}) == [("a-b.py", 1)]


@pytest.mark.parametrize("folder", ["root", "work", "home/someone", "Users/someone"])
def test_no_local_paths(folder: str):
    path = f"/{folder}/x"
    assert violations("no_local_paths", {"a.md": f"\nsee {path}\n"}) == [("a.md", 2)]


def kinds(listed: str = "&a") -> dict[str, str]:
    text = f'DiagnosticKind a{{\n    "a", error, "x"}};\nstd::array all{{{listed}}};\n'
    return {"kiln/base/diagnostic_kinds.h": text}


def test_diagnostic_registry():
    registry = "kiln/base/diagnostic_kinds.h"
    golden = {"tests/error/x.kiln": "error: seen, limit [a]\n"}
    assert violations("diagnostic_registry", kinds() | golden) == []
    assert violations("diagnostic_registry", kinds()) == [(registry, 1)]
    assert violations("diagnostic_registry", kinds("") | golden) == [(registry, 1)]
    other_id = {registry: kinds()[registry].replace('"a"', '"b"')}
    golden_of_b = {"tests/error/x.kiln": "[b]"}
    assert violations("diagnostic_registry", other_id | golden_of_b) == [(registry, 1)]


def ratchet(entry: str, lines: int) -> list[str]:
    texts = {"tools/ratchet.toml": entry, "a.py": '"""A."""\n' + "x\n" * (lines - 1)}
    return [f"{v.path} {v.rule}" for v in tidy.check(tidy.Tree(texts))]


def test_ratchet_may_only_shrink():
    assert ratchet('"file_lines a.py" = 700', 700) == []
    assert ratchet('"file_lines a.py" = 700', 701) == ["a.py file_lines"]
    assert ratchet('"file_lines a.py" = 700', 699) == ["tools/ratchet.toml ratchet"]
    assert ratchet('"file_lines a.py" = 700', 600) == ["tools/ratchet.toml ratchet"]
    assert ratchet("", 601) == ["a.py file_lines"]


def test_every_rule_gives_its_reason():
    for rule in tidy.RULES:
        assert rule.__doc__ and "\n" not in rule.__doc__, rule.__name__
