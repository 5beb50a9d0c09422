"""The coverage of NKI's public names: what kiln api says is so."""

import collections
import json
import pathlib

import nki
import nki.isa as nisa
import nki.language as nl
import numpy as np
import pytest
from kiln.api import releases, usage
from kiln.cli import api as command
from test_cli import kiln

from kiln import api

ROOT = pathlib.Path(__file__).parents[2]
A = np.zeros((4, 4), np.float32)


@pytest.fixture(scope="module")
def rows():
    return {row.name: row for row in api.coverage()}


def test_every_public_name_has_a_row(rows):
    names = [entry["name"] for entry in api.public_names()["names"]]
    assert set(names) <= set(rows)
    modules = collections.Counter(name.rpartition(".")[0] for name in names)
    assert modules == {"nki": 2, "nki.isa": 67, "nki.language": 133, "nki.collectives": 12}
    assert {row.status for row in rows.values()} <= {api.IMPLEMENTED, api.PARTIAL, api.MISSING}


def test_what_is_implemented_has_a_place_and_the_place_names_it(rows):
    for row in rows.values():
        if row.status == api.MISSING:
            assert row.where is None
            continue
        path, line = row.where.split(":")
        text = (ROOT / path).read_text().splitlines()[int(line) - 1]
        own = row.name.rpartition(".")[2].removesuffix("_")
        owner = (row.member_of or "").rpartition(".")[2]
        assert own in text or (owner and owner in text), row


def test_an_instruction(rows):
    row = rows["nki.isa.dma_copy"]
    assert row.status == api.IMPLEMENTED
    assert row.where.startswith("kiln/isa/dma_copy.h:")
    assert "tests/golden/dma_copy.kiln" in row.tests
    assert row.generations == dict.fromkeys(["gen2", "gen3", "gen4"], api.IMPLEMENTED)


def test_generations_come_from_the_definitions(rows):
    select, extreme = rows["nki.isa.range_select"], rows["nki.language.abs_max"]
    assert list(select.generations.values()) == [api.UNAVAILABLE, "implemented", "implemented"]
    assert list(extreme.generations.values())[:2] == [api.UNAVAILABLE] * 2


def test_a_missing_name_and_a_missing_parameter(monkeypatch):
    data = {
        "nki_version": "0",
        "names": [
            {"name": "nki.isa.memset", "kind": "function", "parameters": ["dst", "colour"]},
            {"name": "nki.language.add", "kind": "function", "parameters": ["x", "y", "dtype"]},
            {"name": "nki.language.exp", "kind": "function", "parameters": ["x", "y"]},
            {"name": "nki.nowhere.memset", "kind": "function", "parameters": []},
            {"name": "nki.isa.engine", "kind": "enum", "members": [{"name": "warp"}]},
        ],
    }
    monkeypatch.setattr(api, "public_names", lambda: data)
    found = [(row.status, row.missing) for row in api.coverage()]
    assert found == [
        ("partial", ["colour"]),
        ("implemented", []),
        ("partial", ["y"]),
        ("missing", []),
        ("partial", ["warp"]),
    ]


def test_tests_are_found_by_what_they_reach():
    source = (
        "from nki import isa as x\nimport nki.language\nfrom nki.isa import engine as e\n"
        "def f(t):\n    x.memset(t.ap([]), engine=e.vector)\n    nki.language.load(t)\n"
        "def g(t):\n    t.slice()\n"
    )
    names = usage._in_python(source)
    assert {"nki.isa.memset", "nki.isa.engine", "nki.language.load"} <= names
    assert "nki.language.NkiTensor.ap" in names
    assert "nki.language.NkiTensor.slice" not in names


def test_every_public_name_has_a_test(rows):
    assert [name for name, row in rows.items() if not row.tests] == []


def test_the_reference_pages_are_up_to_date():
    written = (ROOT / command.PAGE).read_text()
    assert written == command.page(api.coverage()), "run kiln api --markdown"
    assert (ROOT / command.RELEASES_PAGE).read_text() == releases.page(), "run kiln api --markdown"


def test_the_command_prints_lists_and_filters():
    names = json.loads(kiln("api", "--json").stdout)
    assert {"name", "status", "generations", "where", "tests"} <= set(names[0])
    some = json.loads(kiln("api", "nl.softmax", "--json").stdout)
    assert [row["name"] for row in some] == ["nki.language.softmax"]
    table = kiln("api", "dma_").stdout
    assert "nki.isa.dma_transpose" in table and "nki.language" not in table
    missing = json.loads(kiln("api", "--missing", "--json").stdout)
    assert all(row["status"] != "implemented" for row in missing)
    wrong = kiln("api", "nisa.zz")
    assert wrong.returncode == 2 and "no public name" in wrong.stderr


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda t: nl.softmax(t, axes=1), TypeError, "nl.softmax has no argument 'axes'; did you "),
        (lambda t: nl.load(3), TypeError, "nl.load takes a tensor as 'src'; got 3 (int)"),
        (lambda t: nl.sum(t), TypeError, "nl.sum needs 'axis'; it takes (x, axis, dtype=None"),
        (lambda t: nl.load(t, src=t), TypeError, "nl.load is given 'src' twice"),
        (lambda t: nl.add(t, t, dtyp=1), TypeError, "nl.add has no argument 'dtyp'; did you mean"),
        (
            lambda t: nl.ds(1, sise=2),
            TypeError,
            "nl.ds has no argument 'sise'; did you mean 'size'",
        ),
        (lambda t: nl.store(t, t, 1, 2), TypeError, "nl.store takes 2 arguments, 4 were given"),
        (lambda t: t.ap(patern=[]), TypeError, "NkiTensor.ap has no argument 'patern'; did you"),
        (lambda t: t.select(0), TypeError, "NkiTensor.select needs 'index'; it takes (dim, index)"),
        (lambda t: t.broadcast(0, "x"), TypeError, "takes an integer as 'size'; got 'x' (str)"),
        (lambda t: t.shap, AttributeError, "NkiTensor has no attribute 'shap'; did you mean 'sh"),
        (lambda t: nisa.register_alloc(y=1), TypeError, "nisa.register_alloc has no argument 'y'"),
        (lambda t: nisa.engine.vectr, AttributeError, "engine has no 'vectr'; did you mean 'vect"),
        (lambda t: nl.tile_size.pmx, AttributeError, "tile_size has no 'pmx'; did you mean 'pmax"),
        (lambda t: nl.softmaks, AttributeError, "did you mean 'softmax'?"),
        (lambda t: nisa.dma_cpy, AttributeError, "did you mean 'dma_copy'?"),
        (lambda t: nki.simulat, AttributeError, "did you mean 'simulate'?"),
        (lambda t: nki.simulate(kernl=1), TypeError, "nki.simulate has no argument 'kernl'; did"),
    ],
)
def test_a_wrong_name_is_told_with_the_nearest_one(call, error, message):
    @nki.jit
    def kernel(a):
        with pytest.raises(error) as caught:
            call(nl.load(a))
        assert message in str(caught.value)
        assert "\n" not in str(caught.value)

    kernel(A)
