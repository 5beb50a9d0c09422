"""Selects Kiln's nki, and the seed of the mutants."""

import sys
from pathlib import Path

import kiln

kiln.install()
sys.path.insert(0, str(Path(__file__).resolve().parent))


def pytest_addoption(parser):
    parser.addoption("--seed", type=int, default=1, help="of the mutants")
