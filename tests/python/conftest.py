"""Selects Kiln's nki for all tests."""

import kiln

kiln.install()
