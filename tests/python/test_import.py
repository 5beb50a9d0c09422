"""Which nki `import nki` finds."""

import os
import subprocess
import sys

import pytest

import kiln

PACKAGE = os.path.dirname(os.path.dirname(kiln.__file__))
WHOSE = "import nki.language, sys; print(sys.modules['nki'].__name__)"


@pytest.fixture
def another_nki(tmp_path):
    """A folder with a package nki that is not Kiln's."""
    folder = tmp_path / "site" / "nki"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("mark = 'another'\n")
    (folder / "language.py").write_text("")
    return str(folder.parent)


def run(code, *path):
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(path))
    done = subprocess.run(
        [sys.executable, "-S", "-c", code], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def dependencies():
    import numpy

    return os.path.dirname(os.path.dirname(numpy.__file__))


def test_the_folder_alone_gives_kilns():
    assert run(WHOSE, PACKAGE, dependencies()) == "kiln.nki"
    assert run("from nki.isa import engine; print(engine.__module__)", PACKAGE, dependencies()) == (
        "kiln.nki.isa.constants"
    )


def test_an_installed_nki_wins_on_either_side(another_nki):
    assert run(WHOSE, PACKAGE, another_nki) == "nki"
    assert run(WHOSE, another_nki, PACKAGE) == "nki"
    assert run("import nki; print(nki.mark)", PACKAGE, another_nki) == "another"


def test_install_selects_kilns_beside_an_installed_nki(another_nki):
    code = "import kiln; kiln.install(); " + WHOSE
    assert run(code, PACKAGE, another_nki, dependencies()) == "kiln.nki"


def test_a_folder_called_nki_is_no_package(tmp_path):
    (tmp_path / "nki").mkdir()
    assert run(WHOSE, PACKAGE, str(tmp_path), dependencies()) == "kiln.nki"
