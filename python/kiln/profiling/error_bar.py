"""How far the model's totals have been from measured ones, by generation.

error_bars.json is written by `kiln validate-timing --update` from the test rows that compare whole
kernels.
"""

import functools
import json
import pathlib

from kiln.profiling.units import time

FILE = pathlib.Path(__file__).with_name("error_bars.json")


@functools.cache
def known():
    """{target: {rows, low, high, median}}: nine of ten measured totals lie between 1 - low and
    1 + high times the modelled one; median is of the errors' sizes."""
    return json.loads(FILE.read_text())


def of(target):
    """{low, high} as fractions; None where nothing has been measured in public."""
    bar = known().get(target)
    return bar and {"low": bar["low"], "high": bar["high"]}


def sentence(target, total_ns):
    bar = of(target)
    if bar is None:
        return f"nobody has published measurements of {target} that could be compared"
    low, high = total_ns * (1 - bar["low"]), total_ns * (1 + bar["high"])
    return f"9 of 10 known kernels would be between {time(low)} and {time(high)}"
