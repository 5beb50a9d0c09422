"""What the timing model says of a measured program, beside what was measured."""

import dataclasses

import numpy as np

from kiln import profiling
from kiln.timing_validation import cases


@dataclasses.dataclass(frozen=True)
class Row:
    """A case and its modelled value, in the case's unit. `error` is a signed fraction."""

    case: object
    predicted: float

    @property
    def error(self):
        return self.predicted / self.case.value - 1


_NS = {"ns": 1.0, "us": 1e3, "ms": 1e6}


def rows(chosen=None, progress=lambda done, total, case: None):
    """The Row of every case that has a program, in the table's order; `chosen(case)` selects."""
    wanted = [c for c in cases() if c.program and (chosen is None or chosen(c))]
    timed = {}
    for number, case in enumerate(wanted):
        progress(number, len(wanted), case)
        yield Row(case, _value(case, _timed(case, timed)))


def _timed(case, timed, **changes):
    """The timeline of the case's program; those of the last programs are kept in `timed`."""
    parameters = case.parameters | changes
    key = (case.program, str(sorted(parameters.items())), case.generation)
    if key not in timed:
        while len(timed) > 8:
            timed.pop(next(iter(timed)))
        program = dataclasses.replace(case, parameters=parameters).build()
        kernel = program.kernel

        def bind():
            return kernel.bind(program.arguments, {})

        timed[key] = _Timed(
            profiling.profile_call(kernel, bind, target=case.generation, check=None)
        )
    return timed[key]


def _value(case, timed):
    measure, *about = case.compared
    if measure == "relative_bandwidth":
        largest = _timed(case, {}, row_bytes=32768)
        return timed.stream_gbps() / largest.stream_gbps()
    value = getattr(timed, measure)(*about)
    return value / _NS.get(case.unit, 1.0)


class _Timed:
    """The measures of timing_validation.MEASURES, by their names; times in ns."""

    def __init__(self, profile):
        self.profile = profile
        self.summary = profile.summary
        self.steps = profile.steps()
        self.transfers = profile.transfers()
        self.names = np.array([name for name, _, _ in profile.code[0]])[self.steps["instruction"]]

    def total(self):
        return self.summary["total_ns"]

    def prologue(self):
        return self.summary["prologue_ns"]

    def first_trigger_to_last_byte(self):
        return self.transfers["end_ns"].max() - self._first_trigger()

    def first_trigger_to_start(self, name):
        return self.steps["start_ns"][self._last(name)] - self._first_trigger()

    def instruction_latency(self, name):
        i = self._last(name)
        return self.steps["end_ns"][i] - self.steps["start_ns"][i]

    def instruction_busy(self, name):
        i = self._all(name)[0 if name == "dma_copy" else -1]
        return self.steps["free_ns"][i] - self.steps["start_ns"][i]

    def instruction_interval(self, name):
        starts = np.sort(self.steps["start_ns"][self._all(name)])
        return starts[-1] - starts[-2]

    def weights_load(self, name):
        return self.steps["weights_ns"][self._all(name)].max()

    def table_load(self):
        return self.steps["table_ns"].max()

    def trigger_to_first_byte(self, kind):
        t = self._transfer(kind)
        return self.transfers["start_ns"][t] - self.transfers["issued_ns"][t]

    def transfer_time(self, kind):
        t = self._transfer(kind)
        return self.transfers["end_ns"][t] - self.transfers["start_ns"][t]

    def engine_time(self, kind):
        return self.transfers["engine_ns"][self._transfer(kind)]

    def descriptor_time(self, kind):
        t = self._transfer(kind)
        each = self.transfers["descriptors"][t] / self.transfers["engines"][t]
        return self.transfers["engine_ns"][t] / each

    def last_byte_to_ready(self, kind):
        t = self._transfer(kind)
        return self.steps["end_ns"][self.transfers["step"][t]] - self.transfers["end_ns"][t]

    def last_byte_to_start(self, name):
        t = self._transfer("load")
        return self.steps["start_ns"][self._last(name)] - self.transfers["end_ns"][t]

    def end_to_trigger(self, name):
        t = self._transfer("store")
        return self.transfers["issued_ns"][t] - self.steps["end_ns"][self._last(name)]

    def issue_interval(self, kind):
        starts = np.sort(self.transfers["issued_ns"][self._transfers(kind)])
        return starts[-1] - starts[-2]

    def engine_active(self, engine):
        return self._engine(engine)["active_ns"]

    def dma_active(self):
        return self.summary["dma"]["active_ns"]

    def bandwidth_gbps(self):
        return self._hbm_bytes() / self.total()

    def stream_gbps(self):
        return self._hbm_bytes() / self.first_trigger_to_last_byte()

    def tflops(self):
        return (self.summary["flops"] - self.summary["transpose_flops"]) / self.total() / 1000

    def mfu(self):
        return 100 * self.summary["mfu"]

    def _hbm_bytes(self):
        dma = self.summary["dma"]
        return dma["hbm_read_bytes"] + dma["hbm_written_bytes"]

    def _engine(self, name):
        return next(e for e in self.summary["engines"] if e["engine"] == name)

    def _first_trigger(self):
        return self.transfers["issued_ns"].min()

    def _all(self, name):
        return np.flatnonzero(self.names == name)

    def _last(self, name):
        return self._all(name)[-1]

    def _transfers(self, kind):
        written = self.transfers["hbm_written_bytes"] > 0
        return np.flatnonzero(written if kind == "store" else ~written)

    def _transfer(self, kind):
        found = self._transfers(kind)
        return found[0] if kind == "load" else found[-1]
