"""Selects Kiln's nki for the comparisons."""

import kiln

kiln.install()
