"""Published measurements on devices (measurements.csv) and programs of Kiln's own that do the same,
as far as what was published says what was done. `kiln validate-timing` compares the two.

A row's split is `fit` if a parameter of the timing model was taken from it, else `test`.
"""

import ast
import csv
import dataclasses
import functools
import importlib
import inspect
import pathlib
import pkgutil

_HERE = pathlib.Path(__file__).parent

# What of a timeline is compared with the published value, as the first word of a row's `compared`.
# The words after it say of which instruction or engine, or whether of a load or a store. If there
# are several such instructions the last one is meant, and the first of several loads.
MEASURES = {
    "total": "from the start of the kernel to its last result",
    "prologue": "from the start of the kernel to the first instruction",
    "first_trigger_to_last_byte": "from the first DMA's start on its engine to the last byte moved",
    "first_trigger_to_start": "from the first DMA's start on its engine to this instruction's",
    "instruction_latency": "from an instruction's start to its result being there",
    "instruction_busy": "how long an instruction keeps its engine",
    "instruction_interval": "between the starts of the last two instructions of a kind",
    "weights_load": "how long the stationary matrix of a matmul takes to load",
    "table_load": "what the first activation takes longer than the next of the same function",
    "trigger_to_first_byte": "from a DMA's start on its engine to its first byte moved",
    "transfer_time": "from a DMA's first byte to its last",
    "engine_time": "what one DMA engine works for a transfer",
    "descriptor_time": "a DMA engine's time for one descriptor of a transfer",
    "last_byte_to_ready": "from a DMA's last byte to those who wait for it knowing",
    "last_byte_to_start": "from the last byte of the load to the start of this instruction",
    "end_to_trigger": "from the end of an instruction to the start of the store of its result",
    "issue_interval": "between the starts of the last two DMAs on their engine",
    "engine_active": "how long an engine executes, all its instructions together",
    "dma_active": "how long any DMA engine moves data",
    "bandwidth_gbps": "bytes of HBM read and written, over the total",
    "relative_bandwidth": "bytes over first_trigger_to_last_byte, over that of 32768-byte rows",
    "tflops": "twice the multiply-adds of all matmuls, over the total",
    "mfu": "tflops over the peak of the Tensor engine for bfloat16, in percent",
}


@dataclasses.dataclass(frozen=True)
class Case:
    """A row of measurements.csv; the fields are its columns."""

    id: int
    source: str
    generation: str  # trn1, trn2 or trn3
    kernel: str
    case: str
    shapes: str
    dtype: str
    metric: str
    unit: str
    value: float
    split: str  # fit or test
    program: str  # a function of the programs_*.py; empty if why_not says why there is none
    parameters: dict  # what it is called with
    why_not: str
    compared: tuple  # a measure of MEASURES and what it is about
    note: str

    def build(self):
        """The Program of this row: a kernel, its arguments, and options of its launch."""
        return programs()[self.program](**self.parameters)


@functools.cache
def programs():
    """The functions that make the measured programs, by name."""
    found = {}
    for info in pkgutil.iter_modules([str(_HERE)]):
        if not info.name.startswith("programs_"):
            continue
        module = importlib.import_module(f"{__name__}.{info.name}")
        for name, function in vars(module).items():
            own = inspect.isfunction(function) and function.__module__ == module.__name__
            if own and not name.startswith("_"):
                found[name] = function
    return found


def cases():
    """All rows of measurements.csv, in its order."""
    with open(_HERE / "measurements.csv", newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            yield Case(
                **row
                | {
                    "id": int(row["id"]),
                    "value": float(row["value"]),
                    "parameters": _parameters(row["parameters"]),
                    "compared": tuple(row["compared"].split()),
                }
            )


def _parameters(text):
    """{"n": 512, "dtype": "bfloat16"} of "n=512 dtype=bfloat16"."""
    return {name: _literal(value) for name, _, value in (p.partition("=") for p in text.split())}


def _literal(text):
    try:
        return ast.literal_eval(text)
    except ValueError:
        return text
