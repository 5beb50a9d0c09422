"""Selects Kiln's nki for all tests."""

import kiln

kiln.install()


def pytest_addoption(parser):
    parser.addoption("--update", action="store_true", help="rewrite what goldens expect")
