"""The page of a profile as a file: what is in it, and what it refuses."""

import copy
import itertools
import json
import math
import os
import pathlib
import re

import numpy as np
import profile_page_data
import pytest

from kiln import profile_page

FOLDER = pathlib.Path(profile_page.__file__).parent
DATA = re.compile(r'<script type="application/json" id="data">(.*?)</script>', re.DOTALL)


@pytest.fixture
def data():
    return profile_page_data.matmul(300)


def embedded(page):
    return json.loads(DATA.search(page)[1])


def test_data_is_in_the_page(data):
    found = embedded(profile_page.page(data))
    assert found["kernel"] == "matmul_tiled"
    assert found["waits"] == list(profile_page.WAITS)
    track, given = found["cores"][0]["tracks"][0], data["cores"][0]["tracks"][0]
    assert track["name"] == "Tensor"
    for name in ("step", "waited_for", "wait", "code", "place", "name"):
        assert track["slices"][name] == given["slices"][name]
    assert track["slices"]["start_ns"] == [round(ns, 1) for ns in given["slices"]["start_ns"]]


def test_whole_times_have_no_decimal_point(data):
    data["total_ns"] = 300000.04
    assert '"total_ns":300000,' in profile_page.page(data)


def test_given_data_stays_as_it_was(data):
    before = copy.deepcopy(data)
    profile_page.page(data)
    assert data == before


def test_numpy_is_taken(data):
    expected = embedded(profile_page.page(data))
    for track in data["cores"][0]["tracks"]:
        track["slices"] = {name: np.array(values) for name, values in track["slices"].items()}
    data["total_ns"] = np.float64(data["total_ns"])
    assert embedded(profile_page.page(data)) == expected


HOSTILE = "</script><!--<script>window.hurt = 1</script>\u2028\u2029\ud800\0\"'&amp;{{data}}é"


def test_nothing_ends_the_script_element(data):
    data["kernel"] = data["names"][0] = data["codes"][0] = HOSTILE
    data["provenance"] = {HOSTILE: HOSTILE}
    data["files"][0]["lines"][17] = HOSTILE
    page = profile_page.page(data)
    assert page.count("</script") == page.count("<script") == 2
    assert page.encode()  # half a surrogate pair has no UTF-8
    found = embedded(page)
    assert found["kernel"] == found["names"][0] == found["files"][0]["lines"][17] == HOSTILE
    assert found["provenance"] == {HOSTILE: HOSTILE}


def test_no_other_file_is_named(data):
    page = profile_page.page(data)
    addresses = set(re.findall(r"""\w+://[^\s"'`)]*""", page)) - {"http://www.w3.org/2000/svg"}
    assert not addresses
    assert set(re.findall(r"""\b(?:src|href)=["']?[^"'> ]*""", page.split("<script")[0])) == {
        'href="data:,'
    }
    assert "@import" not in page and "url(" not in page


def test_scripts_are_all_in_and_short():
    assert {path.stem for path in FOLDER.glob("*.js")} == set(profile_page._SCRIPTS)
    for path in [*FOLDER.glob("*.js"), *FOLDER.glob("*.css"), *FOLDER.glob("*.html")]:
        lines = path.read_text(encoding="utf-8").splitlines()
        assert len(lines) < 400, path.name
        if path.suffix == ".js":
            assert max(map(len, lines)) <= 100, path.name


def test_file_is_written_whole_or_not_at_all(data, tmp_path, monkeypatch):
    path = tmp_path / "page.html"
    profile_page.write(data, path)
    assert path.read_text(encoding="utf-8") == profile_page.page(data)

    def full(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="no space left"):
        profile_page.write(data | {"kernel": "not this one"}, path)
    assert "not this one" not in path.read_text(encoding="utf-8")
    assert os.listdir(tmp_path) == ["page.html"]


def test_bad_data_leaves_the_file(data, tmp_path):
    path = tmp_path / "page.html"
    path.write_text("old")
    with pytest.raises(ValueError, match="total_ns"):
        profile_page.write(data | {"total_ns": 0}, path)
    assert path.read_text() == "old"


def tensor(data):
    return data["cores"][0]["tracks"][0]["slices"]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda d: d.pop("kernel"), "kernel missing"),
        (lambda d: d.update(colour=1), "colour not known"),
        (lambda d: d.update(is_simulation=False), "is_simulation is False"),
        (lambda d: d.update(total_ns=math.nan), "total_ns is nan; it must be a number"),
        (lambda d: d.update(total_ns=True), "total_ns is True; it must be a number"),
        (lambda d: d.update(cores=[]), "cores is empty"),
        (lambda d: d.update(kernel=7), "kernel is 7; it must be text"),
        (lambda d: d["names"].append(None), "names[5] is None; it must be text"),
        (lambda d: d.update(error={"low": 0.1}), "error.high missing"),
        (lambda d: d["roofline"].update(hbm_gbps=0), "roofline.hbm_gbps is 0; it must be above 0"),
        (lambda d: d["places"].append([2, 1]), "places[6]: file is 2; files has 2"),
        (lambda d: d["places"].append([1, 99]), "places[6]: line 99; the file has 8"),
        (lambda d: d["lines"][0].update(place=6), "lines[0].place is 6; places has 6"),
        (
            lambda d: d["cores"][0]["engines"][0]["stall_ns"].update(tea=1),
            "stall_ns: tea not known",
        ),
        (lambda d: d["cores"][0]["sbuf"]["ns"].append(1e9), "of ns, "),
        (lambda d: d["cores"][0]["dma"]["ns"].reverse(), "cores[0].dma.ns[1] is "),
        (lambda d: tensor(d).pop("name"), "cores[0].tracks[0].slices: name missing"),
        (lambda d: tensor(d).update(args=[]), "cores[0].tracks[0].slices: args not known"),
        (lambda d: tensor(d)["step"].pop(), "of start_ns, "),
        (lambda d: tensor(d)["start_ns"].reverse(), "cores[0].tracks[0].slices.start_ns[1] is "),
        (lambda d: tensor(d)["start_ns"].__setitem__(3, "1"), "slices.start_ns[3] is '1'"),
        (lambda d: tensor(d)["start_ns"].__setitem__(3, math.inf), "slices.start_ns[3] is inf"),
        (lambda d: tensor(d)["duration_ns"].__setitem__(3, -1.0), "duration_ns[3] is -1"),
        (lambda d: tensor(d)["name"].__setitem__(3, 5), "slices.name[3] is 5; names has 5"),
        (lambda d: tensor(d)["wait"].__setitem__(3, 7), "slices.wait[3] is 7; WAITS has 7"),
        (lambda d: tensor(d)["place"].__setitem__(3, 1.5), "slices.place[3] is 1.5"),
    ],
)
def test_bad_data_is_one_clear_error(data, spoil, message):
    spoil(data)
    with pytest.raises(ValueError, match="^profile data: ") as caught:
        profile_page.page(data)
    assert message in str(caught.value)
    assert len(str(caught.value)) < 200


# How people without one kind of cones see linear red, green and blue (Machado, Oliveira and
# Fernandes 2009, severity 1).
SIGHTS = {
    "all cones": np.eye(3),
    "no green": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
    "no red": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
    "no blue": [[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]],
}
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def lab(colour, sight):
    part = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    linear = np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
    xyz = TO_XYZ @ np.clip(SIGHTS[sight] @ linear, 0, 1) / [0.9505, 1, 1.089]
    x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("sight", SIGHTS)
@pytest.mark.parametrize("family", ["name", "wait"])
def test_colours_are_told_apart(sight, family):
    light, dark = (FOLDER / "page.css").read_text().split("prefers-color-scheme: dark")
    for scheme in (light, dark):
        found = dict(re.findall(rf"--({family}-\w+|busy): (#\w{{6}});", scheme))
        if family == "name":
            del found["busy"]
        assert len(found) == {"name": 9, "wait": 7}[family]
        for one, other in itertools.combinations(found, 2):
            apart = np.linalg.norm(lab(found[one], sight) - lab(found[other], sight))
            assert apart > 11, (one, other)
